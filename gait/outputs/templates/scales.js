"use strict";
{
  const form = document.getElementById("scales");
  const all = (within, selector) => [...within.querySelectorAll(selector)];

  /** What is entered in a row: its result, points where the instrument gives some, and whether it is confirmed. */
  const decision = (row) => {
    const result = row.querySelector(".result");
    const score = result.tagName === "SELECT" ? result.selectedOptions[0].dataset.score : result.value;
    const valid = result.value !== "" && result.validity.valid;
    return {
      item: row.dataset.name,
      figure: row.dataset.figure,
      suggested: row.dataset.suggested || null,
      cannot_be_judged: row.dataset.reason || null,
      result: valid ? result.value : null,
      score: valid && score ? Number(score) : null,
      confirmed: valid && row.querySelector(".confirmed").checked,
      remark: row.querySelector(".remark").value,
    };
  };

  /** An instrument's decisions, and their sum once all of them are confirmed. */
  const instrument = (table) => {
    const items = all(table, "tbody tr").map(decision);
    const most = table.dataset.most ? Number(table.dataset.most) : null;
    const whole = most !== null && items.every((item) => item.confirmed && item.score !== null);
    const sum = whole ? items.reduce((total, item) => total + item.score, 0) : null;
    return { name: table.dataset.name, source: table.dataset.source, most, sum, items };
  };

  const show = () => {
    for (const table of all(form, "table.scale")) {
      for (const row of all(table, "tbody tr")) {
        const box = row.querySelector(".confirmed");
        const empty = decision(row).result === null;
        box.disabled = empty;
        if (empty) box.checked = false;
        // On paper a select would be cut off, and a suggestion there look like a decision.
        const result = row.querySelector(".result");
        const words = result.selectedOptions?.[0].text ?? result.value;
        row.querySelector(".paper").textContent = empty ? "not judged" : box.checked ? words : "not confirmed";
      }
      const { most, sum, items } = instrument(table);
      const place = table.closest("section").querySelector("output");
      const open = items.filter((item) => !item.confirmed).length;
      if (place) place.textContent = sum === null ? `not yet, ${open} of ${items.length} items are not confirmed` : `${sum} of ${most}`;
    }
    for (const box of all(form, "textarea")) {
      // Paper is narrower than the screen, so that text would be cut off there too.
      box.nextElementSibling.textContent = box.value;
      box.classList.toggle("filled", box.value !== "");
      box.style.height = "auto";
      if (box.scrollHeight) box.style.height = `${box.scrollHeight + 2}px`;
    }
  };

  const save = () => {
    const filled = {
      about: "Suggestions of a program, confirmed or changed by a professional where confirmed is true",
      recording: form.dataset.source,
      who: form.dataset.who,
      professional: document.getElementById("professional").value,
      date: document.getElementById("date").value,
      remark: document.getElementById("remark").value,
      scales: all(form, "table.scale").map(instrument),
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(filled, null, 1) + "\n"], { type: "application/json" }));
    link.download = "scales.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    // Who changes a result has not confirmed the new one yet.
    if (target.classList.contains("result")) target.closest("tr").querySelector(".confirmed").checked = false;
  });
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  for (const folded of all(form, "details")) folded.addEventListener("toggle", show);
  addEventListener("beforeprint", () => {
    for (const folded of all(form, "details")) {
      folded.open ||= all(folded, "tbody tr").map(decision).some((item) => item.confirmed || item.remark);
    }
    show();
  });
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("print").addEventListener("click", () => window.print());
  form.classList.add("live");
  for (const hidden of all(form, "[hidden]")) hidden.hidden = false;
  show();
}
