"""The rules of the scripted expert `lms_re` and of the bots that share them."""
