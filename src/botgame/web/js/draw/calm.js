// Whether the person has asked the system for less motion: then nothing moves that carries no information.

const wish = window.matchMedia("(prefers-reduced-motion: reduce)");

export const isCalm = () => wish.matches;
