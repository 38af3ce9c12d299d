// The drawing as a file of its own: what the style sheet says is written into each element, so that
// it looks the same elsewhere. Names stay text.

const KEPT = [
  "fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "paint-order",
];

export function saveSvg(drawing: SVGSVGElement, name: string): void {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const from = [drawing, ...drawing.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, index) => {
    const style = getComputedStyle(element);
    for (const property of KEPT) to[index]!.setAttribute(property, style.getPropertyValue(property));
    to[index]!.removeAttribute("class");
    to[index]!.removeAttribute("style");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const [, , width, height] = (drawing.getAttribute("viewBox") ?? "0 0 0 0").split(" ");
  copy.setAttribute("width", width!);
  copy.setAttribute("height", height!);
  const text = new XMLSerializer().serializeToString(copy);
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
