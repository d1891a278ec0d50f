const drawings = {
  mic: ["M12 4a2.6 2.6 0 0 0-2.6 2.6v5a2.6 2.6 0 0 0 5.2 0v-5A2.6 2.6 0 0 0 12 4ZM6 11.4a6 6 0 0 0 12 0M12 17.4V20"],
  micOff: ["M12 4a2.6 2.6 0 0 0-2.6 2.6v5a2.6 2.6 0 0 0 5.2 0v-5A2.6 2.6 0 0 0 12 4ZM6 11.4a6 6 0 0 0 12 0M12 17.4V20M4.5 4l15 16"],
  camera: ["M3.5 7h11v10h-11zm11 3.8 6-3.3v9l-6-3.3z"],
  cameraOff: ["M3.5 7h11v10h-11zm11 3.8 6-3.3v9l-6-3.3zM4.5 4l15 16"],
  pin: ["M9 4h6l-.8 6.2 3 3.3H6.8l3-3.3zM12 13.5V20"],
  enlarge: ["M4.5 9.5v-5h5M14.5 4.5h5v5m0 5v5h-5M9.5 19.5h-5v-5"],
  reduce: ["M9.5 4.5v5h-5M19.5 9.5h-5v-5m0 15v-5h5M4.5 14.5h5v5"],
  more: ["M5.5 12h.01M12 12h.01M18.5 12h.01"],
  remove: ["m6 6 12 12M18 6 6 18"],
  accept: ["m5 12.5 4.5 4.5L19 7.5"],
  file: ["M7 3.5h7l4 4v13H7zM13.5 3.5v4.5H18"],
  edit: ["M5 19h3.2L18.5 8.7l-3.2-3.2L5 15.8zM13.2 7.6l3.2 3.2"],
  bin: ["M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7"],
  stage: ["M12 20v-7.5M7.8 12.5h8.4L18 6H6zM8 20h8"],
} as const;

export type Icon = keyof typeof drawings;

const svgNamespace = "http://www.w3.org/2000/svg";

/** A drawing to go beside or in place of words; a screen reader does not see it. */
export function iconOf(name: Icon): SVGSVGElement {
  const svg = document.createElementNS(svgNamespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const drawing of drawings[name]) {
    const path = document.createElementNS(svgNamespace, "path");
    path.setAttribute("class", "line");
    path.setAttribute("d", drawing);
    svg.append(path);
  }

  return svg;
}
