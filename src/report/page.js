"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const text = document.getElementById("text");
  const exposure = document.getElementById("exposure");
  const count = document.getElementById("count");
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const filter = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!exposure.value || row.dataset.exposure === exposure.value) &&
        wanted.every((word) => words.get(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    count.value = `${shown.toLocaleString("en")} shown`;
  };
  text.addEventListener("input", filter);
  exposure.addEventListener("change", filter);
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());

  const heads = Array.from(table.tHead.rows[0].cells);
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  };
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  heads.forEach((head, column) => {
    head.firstElementChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keys = new Map(rows.map((row) => [row, key(row, column)]));
      rows.sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        const order = typeof x === "number" ? x - y : compare(x, y);
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
})();
