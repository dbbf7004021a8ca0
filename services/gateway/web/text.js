// Texts of the tutor as elements: Markdown, with mathematics set by KaTeX.
//
// marked only reads; the elements are made here, one by one, so nothing that a text says is ever read as HTML: a tag is
// shown as it is written. Mathematics is taken out before Markdown sees it. Fractions of whole numbers are set as
// fractions also where a text writes them plainly.

const kMath = /\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|\$(?![\s\d,.]*\s)([^$\n]+?)(?<!\s)\$(?!\d)/g;
const kFraction = /(?<![\w/.,\\])(?:(\d{1,4}) )?(\d{1,4})\/(\d{1,4})(?![\w/]|[.,]\d)/g;
const kNestingMax = 12;

export function setMath(element, tex, display = false) {
  katex.render(tex, element, { displayMode: display, throwOnError: false, maxSize: 20, maxExpand: 200, trust: false, strict: "ignore" });
}

export function mathElement(tex, display) {
  const element = document.createElement("span");
  element.dir = "ltr"; // Also among words that run from right to left; and it says nothing of which way they run.
  setMath(element, tex, display);
  return element;
}

// Which way a text runs: as its first letter does, outside mathematics.
export function directionOf(text) {
  const letter = /\p{L}/u.exec(text.replace(kMath, ""));
  return letter && /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(letter[0]) ? "rtl" : "ltr";
}

// What a title looks like in authored material: a first short line without a full stop, with more behind it.
function withTitle(text) {
  const match = /^([^\n.:?!$\\#*]{3,70})\n\n(?=\S)/.exec(text);
  return match ? `### ${match[1]}\n\n${text.slice(match[0].length)}` : text;
}

export function textElement(text, { titled = false } = {}) {
  const found = [];
  const hold = (tex, display) => `\uE000${found.push({ tex, display }) - 1}\uE001`;
  const plain = (titled ? withTitle(text) : text).replace(/[\uE000\uE001]/g, "")
    .replace(kMath, (_, a, b, c, d) => hold(a ?? b ?? c ?? d, a !== undefined || b !== undefined));
  const element = document.createElement("div");
  element.className = "said";
  element.dir = directionOf(text);
  addTokens(element, marked.lexer(plain, { gfm: true }), 0);
  for (const block of element.children) block.dir = "auto";
  placeMath(element, found);
  return element;
}

// What marked has read, as elements.
function addTokens(parent, tokens, depth) {
  for (const token of tokens ?? []) {
    const made = elementOf(token, depth);
    if (made) parent.append(made);
  }
}

const kPlain = { paragraph: "p", strong: "strong", em: "em", del: "del", blockquote: "blockquote", list_item: "li" };
function elementOf(token, depth) {
  const make = (tag, inner) => {
    const element = document.createElement(tag);
    if (depth >= kNestingMax || inner === undefined) element.textContent = unescape(token.text ?? "");
    else addTokens(element, inner, depth + 1);
    return element;
  };
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "br":
    case "hr":
      return document.createElement(token.type);
    case "heading":
      return make(token.depth < 3 ? "h2" : "h3", token.tokens);
    case "code": {
      const block = document.createElement("pre");
      block.append(make("code"));
      return block;
    }
    case "codespan":
      return make("code");
    case "list": {
      const list = make(token.ordered ? "ol" : "ul", token.items);
      if (token.ordered && Number.isInteger(token.start)) list.start = token.start;
      return list;
    }
    case "table": {
      const table = document.createElement("table");
      for (const [cells, tag] of [[token.header, "th"], ...token.rows.map((row) => [row, "td"])]) {
        const row = table.insertRow();
        for (const cell of cells) {
          const made = document.createElement(tag);
          addTokens(made, cell.tokens, depth + 1);
          row.append(made);
        }
      }
      return table;
    }
    case "link": {
      const link = make("a", token.tokens);
      if (/^https?:\/\//i.test(token.href)) Object.assign(link, { href: token.href, rel: "noopener noreferrer", target: "_blank" });
      return link;
    }
    case "text":
      if (!token.tokens) return document.createTextNode(unescape(token.text));
      return make("span", token.tokens);
    default:
      if (kPlain[token.type]) return make(kPlain[token.type], token.tokens);
      return document.createTextNode(token.raw);  // HTML, images: as they are written.
  }
}

// marked writes for HTML: of what is text here it gives & as &amp; and so on.
function unescape(text) {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" })[name]);
}

function placeMath(element, found) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const code = node.parentElement.closest("code, pre");
    const parts = [];
    let from = 0;
    const text = node.data;
    const pattern = code ? /\uE000(\d+)\uE001/g : new RegExp(`\uE000(\\d+)\uE001|${kFraction.source}`, "g");
    for (const match of text.matchAll(pattern)) {
      parts.push(document.createTextNode(text.slice(from, match.index)));
      if (match[1] !== undefined) {
        const math = found[Number(match[1])];
        parts.push(code ? document.createTextNode(math.tex) : mathElement(math.tex, math.display));
      } else {
        const [, , whole, above, below] = match;
        parts.push(mathElement(`${whole ?? ""}\\frac{${above}}{${below}}`));
      }
      from = match.index + match[0].length;
    }
    if (from === 0) continue;
    parts.push(document.createTextNode(text.slice(from)));
    node.replaceWith(...parts);
  }
}

// What somebody types into an answer box, as TeX for a preview. Null: it does not look like mathematics.
export function previewTex(text) {
  const typed = text.trim();
  if (!typed || typed.length > 120 || typed.includes("\n")) return null;
  if (/\\[a-z]+/i.test(typed)) return typed.replace(/^\$+|\$+$/g, "");
  if (!/[\d)a-z]\s*[/^*=<>]|sqrt|pi\b|\^|_|[<>]=/i.test(typed)) return null;
  if (/[a-z]{4,}/i.test(typed.replace(/sqrt|theta|alpha|beta|infinity/gi, ""))) return null;
  return typed
    .replace(/[{}%#&$\\~]/g, "")
    .replace(/sqrt\(([^()]*)\)/gi, "\\sqrt{$1}")
    .replace(/\(([^()]+)\)\s*\/\s*\(([^()]+)\)/g, "\\frac{$1}{$2}")
    .replace(/(\d+(?:\.\d+)?|[a-z])\s*\/\s*(\d+(?:\.\d+)?|[a-z])/gi, "\\frac{$1}{$2}")
    .replace(/\^\(([^()]+)\)/g, "^{$1}")
    .replace(/\^(-?\d+)/g, "^{$1}")
    .replace(/<=/g, "\\le ").replace(/>=/g, "\\ge ").replace(/\*/g, "\\cdot ")
    .replace(/\bpi\b/gi, "\\pi ").replace(/\btheta\b/gi, "\\theta ").replace(/\binfinity\b/gi, "\\infty ");
}
