// Opens the page in Chromium: no request, no error, no script of others; sorting, filtering and the keyboard work; the
// contrast passes WCAG AA. Screenshots at three widths stay in the working directory.
// Usage: node browser.mjs CHROMIUM

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const url = (name) => pathToFileURL(name).href;
const browser = await puppeteer.launch({
  executablePath: process.argv[2],
  args: ["--no-sandbox", "--disable-gpu"],
});

/** Opens a page and collects everything that must not happen. */
async function open(name, width, scheme = "light") {
  const page = await browser.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== url(name) && !request.url().startsWith("data:")) wrong.push(`request: ${request.url()}`);
  });
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(url(name));
  return { page, wrong };
}

const shown = (page) => page.$$eval("#table tbody tr", (rows) => rows.filter((row) => !row.hidden).length);
const column = (page, i) =>
  page.$$eval("#table tbody tr", (rows, i) => rows.filter((r) => !r.hidden).map((r) => r.cells[i].innerText), i);
const say = (page) => page.$eval("#count", (output) => output.value);

// Nothing of a registry's tags runs; the text is there to read.
{
  const { page, wrong } = await open("fleet.html", 1280);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  const contoso = await page.$$eval("#table tbody th", (heads) => heads.map((h) => h.innerText).find((t) => t.startsWith("contoso")));
  assert.match(contoso, /owner=<script>window\.hacked=1<\/script>/);
  assert.equal(await page.$$eval("img", (images) => images.length), 0);
  assert.equal(await page.$$eval("script", (scripts) => scripts.length), 1);
  // The page's policy would stop a script that slipped through.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.hacked = 2";
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.ok(wrong.length === 1 && wrong[0].includes("Content Security Policy"), wrong.join("\n"));
}

// Filters.
{
  const { page, wrong } = await open("fleet.html", 1280);
  assert.equal(await shown(page), 706);
  await page.type("#text", "team=web premium");
  const web = await shown(page);
  assert.ok(web > 0 && web < 200, `${web} rows`);
  assert.equal(await say(page), `${web} shown`);
  await page.select("#exposure", "private");
  const exposures = await column(page, 5);
  assert.ok(exposures.length < web && exposures.every((exposure) => exposure === "private"));
  await page.$eval("#text", (input) => { input.value = ""; input.dispatchEvent(new Event("input")); });
  await page.select("#exposure", "");
  assert.equal(await shown(page), 706);
  assert.deepEqual(wrong, []);
}

// Sorting and details, with the keyboard alone.
{
  const { page, wrong } = await open("fleet.html", 1280);
  await page.focus("#exposure");
  // The table's scrolling region comes first, then the first heading.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const names = (await column(page, 0)).map((text) => text.split("\n")[0]);
  const sorted = [...names].sort(new Intl.Collator("en", { numeric: true }).compare);
  assert.deepEqual(names, sorted);
  assert.equal(await page.$eval("#table th", (head) => head.ariaSort), "ascending");
  await page.keyboard.press("Space");
  assert.deepEqual((await column(page, 0)).map((text) => text.split("\n")[0]), sorted.reverse());
  await page.focus("summary");
  await page.keyboard.press("Enter");
  assert.ok(await page.$eval("details", (details) => details.open));
  assert.match(await page.$eval("details td code", (code) => code.innerText), /\.data\.azurecr\.io$/);
  assert.deepEqual(wrong, []);
}

// Contrast, names and structure, in both schemes.
for (const scheme of ["light", "dark"]) {
  const { page, wrong } = await open("fleet.html", 1280, scheme);
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] }));
  assert.deepEqual(violations.map((v) => `${scheme}: ${v.id}: ${v.nodes[0].html}`), []);
  assert.deepEqual(wrong, []);
}

// A phone, a tablet, a screen: nothing but the table scrolls sideways.
for (const width of [390, 768, 1280]) {
  const { page, wrong } = await open("fleet.html", width);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
  await page.screenshot({ path: `screenshot-${width}.png` });
  assert.deepEqual(wrong, []);
}

// A large fleet: the worst 5,000, and it says so. On paper, too.
{
  const { page, wrong } = await open("large.html", 1280);
  assert.equal(await shown(page), 5000);
  assert.match(await page.$eval("main", (main) => main.innerText), /the worst 5,000 of 6,006 registries/);
  await page.type("#text", "fleet0012");
  assert.match(await say(page), /^\d+ shown$/);
  assert.ok((await page.pdf({ width: "210mm", height: "297mm", pageRanges: "1-2" })).length > 1000);
  assert.deepEqual(wrong, []);
}

await browser.close();
console.log("the page in Chromium: safe, sorted, filtered, readable");
