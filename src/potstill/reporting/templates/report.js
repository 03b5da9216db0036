"use strict";
(() => {
  document.documentElement.classList.remove("no-script");
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (id) => document.getElementById(id);

  // Softened distributions: exp(z / T) / sum exp(z / T).
  const soften = (logits, temperature) => {
    const highest = Math.max(...logits);
    const powers = logits.map((value) => Math.exp((value - highest) / temperature));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  };
  const slider = find("temperature");
  if (slider) {
    const bars = [...document.querySelectorAll("rect[data-card]")];
    const draw = () => {
      const temperature = Number(slider.value);
      find("temperature-value").textContent = temperature.toFixed(1);
      const softened = data.logits.map((card) => card.map((logits) => soften(logits, temperature)));
      for (const bar of bars) {
        const percent = 100 * softened[bar.dataset.card][bar.dataset.model][bar.dataset.label];
        bar.setAttribute("width", percent.toFixed(1));
        bar.closest("td").querySelector(".number").textContent = percent.toFixed(1);
      }
    };
    slider.addEventListener("input", draw);
    find("temperature-trained")?.addEventListener("click", (event) => {
      slider.value = event.target.dataset.temperature;
      draw();
    });
    draw(); // a browser may have kept the slider's place
  }

  // Attention maps.
  const SVG = "http://www.w3.org/2000/svg";
  const add = (parent, tag, attributes, text) => {
    const element = parent.appendChild(document.createElementNS(SVG, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const make = (parent, tag, text) => {
    const element = parent.appendChild(document.createElement(tag));
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const NAMES = { teacher: "Teacher", student: "Student", model: "Model" };
  const maps = find("maps");
  if (maps && data.attention) {
    const examples = data.attention.examples.map((example) => {
      const models = {};
      for (const [role, model] of Object.entries(example.models)) {
        models[role] = { ...model, values: Uint8Array.from(atob(model.probabilities), (c) => c.charCodeAt(0)) };
      }
      return models;
    });
    const panels = {};
    const choose = (parent, label, count, extra) => {
      const select = make(make(parent, "label", `${label} `), "select");
      if (extra) make(select, "option", extra).value = "0";
      for (let number = 1; number <= count; number += 1) make(select, "option", number).value = number;
      return select;
    };
    const probability = (model, layer, head, row, column) => {
      const size = model.tokens.length;
      const at = (h) => model.values[(((layer - 1) * model.num_heads + h) * size + row) * size + column] / 255;
      if (head > 0) return at(head - 1);
      let sum = 0;
      for (let h = 0; h < model.num_heads; h += 1) sum += at(h);
      return sum / model.num_heads;
    };
    const shorten = (token) => (token.length > 12 ? `${token.slice(0, 11)}…` : token);
    const draw = () => {
      const words = [];
      for (const [role, panel] of Object.entries(panels)) {
        const model = examples[find("attention-text").value][role];
        const [layer, head] = [Number(panel.layer.value), Number(panel.head.value)];
        const size = model.tokens.length;
        const cell = 22;
        const left = 88;
        panel.svg.replaceChildren();
        panel.svg.setAttribute("viewBox", `0 0 ${left + size * cell + 4} ${left + size * cell + 4}`);
        panel.svg.style.maxWidth = `${1.5 * (left + size * cell)}px`;
        const looks = [];
        for (let row = 0; row < size; row += 1) {
          const y = left + row * cell;
          add(panel.svg, "text", { x: left - 5, y: y + 15, "text-anchor": "end" }, shorten(model.tokens[row]));
          const x = left + row * cell + 15;
          add(panel.svg, "text", { transform: `translate(${x} ${left - 6}) rotate(-90)` }, shorten(model.tokens[row]));
          let best = 0;
          for (let column = 0; column < size; column += 1) {
            const value = probability(model, layer, head, row, column);
            if (value > probability(model, layer, head, row, best)) best = column;
            const place = { x: left + column * cell, y, width: cell - 1, height: cell - 1, rx: 2 };
            const square = add(panel.svg, "rect", { ...place, "fill-opacity": (0.04 + 0.96 * Math.sqrt(value)).toFixed(3) });
            add(square, "title", {}, `${model.tokens[row]} → ${model.tokens[column]}: ${(100 * value).toFixed(1)} %`);
          }
          looks.push(`${model.tokens[row]} → ${model.tokens[best]}`);
        }
        const what = `${NAMES[role]}, layer ${layer}, ${head ? `head ${head}` : "mean of the heads"}`;
        panel.svg.setAttribute("aria-label", `Attention map of the ${what}`);
        words.push(`${what}: each token looks most at: ${looks.join(", ")}.`);
      }
      find("attention-words").textContent = words.join(" ");
    };
    for (const role of Object.keys(NAMES)) {
      if (!(role in examples[0])) continue;
      const panel = make(maps, "div");
      panel.className = `map ${role === "model" ? "student" : role}`;
      make(panel, "h3", NAMES[role]);
      const form = make(panel, "form");
      form.className = "choices";
      const { num_layers: layers, num_heads: heads } = examples[0][role];
      panels[role] = { layer: choose(form, "Layer", layers), head: choose(form, "Head", heads, "mean") };
      panels[role].layer.value = layers;
      panels[role].svg = add(panel, "svg", { role: "img" });
      form.addEventListener("change", draw);
      form.addEventListener("submit", (event) => event.preventDefault());
    }
    panels.student?.layer.addEventListener("change", () => {
      const teacher = data.attention.pairs[panels.student.layer.value - 1];
      if (teacher) panels.teacher.layer.value = teacher;
    });
    find("attention-text").addEventListener("change", draw);
    draw();
  }

  // The table of disagreements: sort by a column, keep the rows that hold every word.
  const table = find("disagreement-table");
  if (table) {
    const body = find("disagreement-rows");
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const isNumber = header.dataset.kind === "number";
        const before = header.getAttribute("aria-sort");
        const next = before ? (before === "ascending" ? "descending" : "ascending") : isNumber ? "descending" : "ascending";
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", next);
        const read = (row) => row.cells[column].textContent;
        const compare = (a, b) => (isNumber ? Number(read(a)) - Number(read(b)) : read(a).localeCompare(read(b)));
        const sign = next === "ascending" ? 1 : -1;
        body.append(...[...body.rows].sort((a, b) => sign * compare(a, b)));
      });
    });
    const search = find("search");
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        count += row.hidden ? 0 : 1;
      }
      find("search-count").textContent = count === 1 ? "1 example" : `${count} examples`;
    };
    search.addEventListener("input", filter);
    filter();
  }
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }
})();
