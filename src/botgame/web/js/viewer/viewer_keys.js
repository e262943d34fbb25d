// Keys of the replay viewer.

// `signal`: ends that.
export function bindKeys(viewer, signal) {
  const { head, film } = viewer;
  const keys = {
    " ": () => head.toggle(),
    ArrowLeft: () => head.seek(head.tick - film.rate),
    ArrowRight: () => head.seek(head.tick + film.rate),
    ",": () => step(head, -1),
    ".": () => step(head, 1),
    ArrowUp: () => head.faster(1),
    ArrowDown: () => head.faster(-1),
    PageUp: () => head.seek(head.tick + 10 * film.rate),
    PageDown: () => head.seek(head.tick - 10 * film.rate),
    Home: () => head.seek(0),
    End: () => head.seek(film.ticks),
    0: () => viewer.follow(-1),
    f: () => viewer.toggleFog(),
    n: () => viewer.goTo(viewer.events.next(head.tick)),
    p: () => viewer.goTo(viewer.events.previous(head.tick)),
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target instanceof HTMLButtonElement) return; // it presses the button
    const seat = "123456789".indexOf(event.key);
    const action =
      seat >= 0 && event.key !== ""
        ? () => viewer.follow(seat)
        : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  window.addEventListener("keydown", press, { signal });
}

function step(head, ticks) {
  head.playing = false;
  head.seek(Math.round(head.tick) + ticks);
}
