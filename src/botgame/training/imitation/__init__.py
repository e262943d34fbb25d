"""The imitation run behind `alphastar_imitation`."""
