// What a page lacks for those who see little, use no mouse, or have a telephone: a list of [what, where].
() => {
  const bad = [];
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || one.closest("svg") || one.getBoundingClientRect().width < 2) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color).slice(0, 3)), light(behind(one))];
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) bad.push(["contrast", one.outerHTML.slice(0, 90)]);
  }
  for (const one of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    const box = one.getBoundingClientRect();
    const labelled = one.labels?.length || one.getAttribute("aria-label");
    const field = one.matches("input, select, textarea");
    if (field ? !labelled : !(one.innerText || labelled)) bad.push(["no name", one.outerHTML.slice(0, 90)]);
    if (one.tabIndex < 0) bad.push(["not by keyboard", one.outerHTML.slice(0, 90)]);
    if (one.matches("button, input, select") && box.height > 0 && box.height < 24)
      bad.push(["too small", one.outerHTML.slice(0, 90)]);
  }
  if (!document.documentElement.lang) bad.push(["no language", ""]);
  if (document.querySelectorAll("h1").length !== 1) bad.push(["not one heading", ""]);
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) bad.push(["too wide", String(width)]);
  return bad;
}
