/** Replace an element's content by markup of our own server; focus and open `<details>` with an id stay as they are. */
export function replaceContent(element: HTMLElement, markup: string): void {
  const focused = element.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const open = [...element.querySelectorAll("details[open][id]")].map((details) => details.id);
  const template = document.createElement("template");
  template.innerHTML = markup;
  for (const id of open) template.content.getElementById(id)?.setAttribute("open", "");
  element.replaceChildren(template.content);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
