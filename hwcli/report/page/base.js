"use strict";
document.documentElement.classList.add("js");

// What our pages have in common.
const house = (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // What is typed is taken as it stands; code points may be written instead: U+0061 U+0301.
  const codes = /^\s*U\+[0-9a-f]{1,6}(\s+U\+[0-9a-f]{1,6})*\s*$/i;
  const meant = (text) => {
    if (!codes.test(text)) return text;
    const points = text.match(/[0-9a-f]{1,6}(?=\s|$)/gi).map((code) => parseInt(code, 16));
    return points.every((p) => p <= 0x10ffff) ? String.fromCodePoint(...points) : text;
  };

  // A line of CSV, and a file of lines that the browser saves, from the disk too.
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const row = (cells) => cells.map(quoted).join(",");
  const save = (name, lines) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([[...lines, ""].join("\n")], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  return { all, meant, row, save };
})();

