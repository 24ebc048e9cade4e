// pages.mjs: how soon the console's pages are there, and how evenly they scroll, in a real browser. bench/pages starts the console.
//
//   pages.mjs URL CHROMIUM NAME PASSWORD ROUNDS ROWS
import { createRequire } from "node:module";

const need = createRequire(new URL("../web/package.json", import.meta.url));
const { chromium } = need("playwright-core");
const [url, executablePath, name, password, rounds, rows] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true });
context.setDefaultTimeout(30_000);
const page = await context.newPage();

const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1];
const say = (what) => console.log(JSON.stringify(what));

/** Milliseconds from the question to the first paint, and to what the page is about. */
async function open(path, there) {
	await page.goto(url + path, { waitUntil: "commit" });
	await there().first().waitFor();
	return page.evaluate(() => ({
		paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
		whole: performance.now(),
	}));
}

await page.goto(`${url}/`);
await page.getByLabel("User name").fill(name);
await page.getByLabel("Password").fill(password);
await page.getByRole("button", { name: "Sign in" }).click();
await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();

const row = () => page.getByRole("gridcell");
for (const [what, path, there] of [
	["overview", "/", () => page.getByText("Open alerts")],
	["alerts", "/alerts", row],
	["assets", "/assets?kind=container", row],
	["asset graph", "/assets?view=graph", () => page.locator(".graph-node.group")],
]) {
	const took = [];
	for (let i = 0; i < Number(rounds); i++) took.push(await open(path, there));
	say({ what, paint: median(took.map((t) => t.paint)), whole: median(took.map((t) => t.whole)) });
}

/* The table of alerts, scrolled to its end again and again, so that it fetches what follows, until it holds so many rows. */
await open("/alerts", row);
const grid = page.getByRole("grid", { name: "Alerts" });
const scrolled = await grid.evaluate(async (table, wanted) => {
	const frame = () => new Promise((done) => requestAnimationFrame(done));
	const held = () => Number(table.getAttribute("aria-rowcount")) - 1;
	const gaps = [];
	const begin = performance.now();
	for (let last = await frame(); held() < wanted && performance.now() - begin < 240_000; ) {
		table.scrollTop = table.scrollHeight;
		const now = await frame();
		gaps.push(now - last);
		last = now;
	}
	const filled = { rows: held(), seconds: (performance.now() - begin) / 1000 };
	/* Then through what it holds, a screen every three frames. */
	table.scrollTop = 0;
	gaps.length = 0;
	const step = table.clientHeight / 3;
	for (let i = 0, last = await frame(); i < 600; i++) {
		table.scrollTop = i % 200 ? table.scrollTop + step : Math.random() * table.scrollHeight;
		const now = await frame();
		gaps.push(now - last);
		last = now;
	}
	gaps.sort((a, b) => a - b);
	return { ...filled, median: gaps[gaps.length >> 1], p99: gaps[Math.floor(gaps.length * 0.99)] };
}, Number(rows));
say({ what: "scroll", ...scrolled });
await browser.close();
