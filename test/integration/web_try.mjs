// web_try.mjs: people's work in the console's pages, in a real browser. test_web.py starts the console, an agent and an engine,
// and does what this asks for on its standard output: {"do": "..."} is answered by one line.
//
//   web_try.mjs URL CHROMIUM SCREENSHOTS STEP...
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const need = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = need("playwright-core");
const axeSource = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");

const [url, executablePath, shots, ...steps] = process.argv.slice(2);
const WAIT = 60_000;
mkdirSync(shots, { recursive: true });

const replies = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the test do something outside the browser. */
async function ask(what, extra = {}) {
	console.log(JSON.stringify({ do: what, ...extra }));
	return JSON.parse((await replies.next()).value);
}

function check(holds, what) {
	if (!holds) throw new Error(what);
}

const complaints = [];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** A browser of somebody's own: no cookies of others. What it complains of, or asks another host for, fails the test. */
async function newPage({ language = "en", theme = "light" } = {}) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true });
	context.setDefaultTimeout(WAIT);
	await context.addInitScript(
		([l, t]) => {
			localStorage.setItem("skep.language", l);
			localStorage.setItem("skep.theme", t);
		},
		[language, theme],
	);
	const page = await context.newPage();
	page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
	page.on("console", (message) => {
		if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(`${page.url()}: ${message.text()}`);
	});
	page.on("request", (request) => {
		if (!request.url().startsWith(url)) complaints.push(`asked another host: ${request.url()}`);
	});
	page.on("dialog", (dialog) => dialog.accept());
	return page;
}

async function signIn(page, name, password) {
	await page.goto(`${url}/`);
	await enter(page, name, password);
}

async function enter(page, name, password) {
	await page.getByLabel(/^(User name|用户名)$/).fill(name);
	await page.getByLabel(/^(Password|密码)$/).fill(password);
	await page.getByRole("button", { name: /^(Sign in|登录)$/ }).click();
}

async function changePassword(page, old, wanted) {
	await page.getByLabel("Current password").fill(old);
	await page.getByLabel("New password", { exact: true }).fill(wanted);
	await page.getByLabel("New password again").fill(wanted);
	await page.getByRole("button", { name: "Set password" }).click();
}

/** Waits until something outside one element holds. */
async function eventually(holds, what) {
	for (const end = Date.now() + WAIT; !(await holds()); await new Promise((then) => setTimeout(then, 50))) check(Date.now() < end, what);
}

/** What an authenticator shows `steps` half minutes from now (RFC 6238). */
function oneTimeCode(base32, steps = 0) {
	const bits = [...base32.replace(/[^A-Z2-7]/g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
	const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
	const count = Buffer.alloc(8);
	count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
	const mac = createHmac("sha1", key).update(count).digest();
	return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const READER = "Wax-and-comb-7-hive";
const { admin, password, first } = await ask("who");
let page;

async function picture(each, path, way) {
	const name = `${path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").slice(0, 60) || "overview"}-${way}`;
	await each.screenshot({ path: join(shots, `${name}.png`) });
}

/** Width, height, and whether pages lie in a way of their own there. */
const SIZES = [
	[1440, 900, true],
	[768, 900, false],
	[360, 740, true],
];

/** What is shown now, at each size: nothing scrolls sideways, and there is nothing serious for axe where the page lies differently; a
 * picture where one is wanted. */
async function inspect(each, path, way, pictures) {
	await each.getByRole("heading", { level: 1 }).waitFor();
	await each.waitForFunction(() => !document.querySelector(".skeleton"));
	await each.evaluate(axeSource);
	for (const [width, height, lies] of SIZES) {
		const size = width === 1440 ? way : `${way}-${width}`;
		await each.setViewportSize({ width, height });
		// Observers of sizes have spoken by the second frame.
		await each.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
		const wide = await each.evaluate(() => [...document.querySelectorAll("html, main, .table-scroll")].filter((e) => e.scrollWidth > e.clientWidth).map((e) => `${e.className || e.tagName} ${e.scrollWidth} > ${e.clientWidth}`));
		if (wide.length) complaints.push(`${path} ${size} scrolls sideways: ${wide}`);
		// A number with digits cut off is another number.
		const cut = await each.evaluate(() => [...document.querySelectorAll(".table-cell.end")].filter((e) => e.scrollWidth > e.clientWidth + 1 && /^[\d.,% ]+\w*$/.test(e.innerText)).map((e) => e.innerText));
		if (cut.length) complaints.push(`${path} ${size} cuts numbers: ${cut}`);
		if (pictures) await picture(each, path, size);
		if (!lies) continue;
		const { violations } = await each.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }));
		for (const { id, impact, nodes } of violations)
			if (impact === "serious" || impact === "critical") complaints.push(`axe: ${path} ${size}: ${id}: ${nodes[0].target} ${nodes[0].failureSummary}`);
	}
	await each.setViewportSize({ width: SIZES[0][0], height: SIZES[0][1] });
}

async function lookAt(each, path, way, pictures) {
	await each.goto(url + path);
	await inspect(each, path, way, pictures);
}

const STEPS = {
	async "sign-in"() {
		page = await newPage();
		await signIn(page, admin, "not the password");
		await page.getByRole("alert").waitFor();
		await page.getByLabel("Password").fill(first);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("heading", { name: "Choose your password" }).waitFor();
		await inspect(page, "first-password", "en-light", true);
		await changePassword(page, first, password);
		await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
		await page.getByText("Live", { exact: true }).waitFor();
		// Before anything is watched the page says what to do next.
		await page.getByRole("link", { name: "Enrol an agent" }).waitFor();
		await inspect(page, "nothing-yet", "en-light", true);
		await ask("agent-joins");
	},

	async container() {
		await page.getByRole("link", { name: "Assets" }).click();
		await page.getByLabel("Kind").selectOption("container");
		const { name } = await ask("start-container");
		// Nobody reloads the page: the stream of hints makes it ask.
		await page.getByRole("gridcell").getByText(name).waitFor();
		await page.getByRole("gridcell").getByText(name).click();
		await page.getByRole("heading", { name, level: 1 }).waitFor();
	},

	async flows() {
		const { asset } = await ask("talks");
		for (const [language, title, loopback] of [
			["en", "Connects to", "loopback 127.0.0.1"],
			["zh", "主动连接", "本机回环 127.0.0.1"],
		]) {
			const each = await newPage({ language });
			await signIn(each, admin, password);
			await each.getByRole("navigation").first().waitFor();
			await each.goto(`${url}/assets/${encodeURIComponent(asset)}`);
			await each.getByRole("link", { name: language === "en" ? "Connections" : "连接", exact: true }).click();
			await each.getByRole("table", { name: title }).getByText(loopback).first().waitFor();
			await each.screenshot({ path: join(shots, `flows-${language}.png`) });
			await each.context().close();
		}
	},

	async alert() {
		await page.goto(`${url}/alerts`);
		await page.getByRole("grid", { name: "Alerts" }).or(page.getByText("No alerts")).first().waitFor();
		const { mark } = await ask("do-harm");
		await page.getByText(mark).first().waitFor();
		// Paused, nothing moves; then what was missed comes.
		await page.getByRole("button", { name: "Pause" }).click();
		const again = (await ask("do-harm")).mark;
		await page.getByRole("button", { name: "Show new alerts" }).waitFor();
		check((await page.getByText(again).count()) === 0, "an alert came while the stream was paused");
		await page.getByRole("button", { name: "Resume" }).click();
		await page.getByText(again).first().waitFor();
	},

	async triage() {
		const grid = page.getByRole("grid", { name: "Alerts" });
		await page.getByRole("checkbox", { name: "Open" }).check();
		await grid.getByRole("row").nth(1).waitFor();
		await grid.focus();
		await page.keyboard.press("Home");
		await page.keyboard.press("a");
		await page.getByRole("status").getByText("1 alert: Acknowledged").waitFor();
		await grid.focus();
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: "Process tree" }).waitFor();
		await page.getByLabel("Note").fill("our own test");
		await page.getByRole("button", { name: "Resolve" }).click();
		await page.getByText("our own test").waitFor();
		await page.getByText("Resolved", { exact: true }).first().waitFor();
	},

	/** Groups are of all alerts; one opens, and is decided about as it was counted, by the keyboard. */
	async groups() {
		const grid = page.getByRole("grid", { name: "Groups" });
		const row = grid.locator(".table-row").first();
		const count = async (nth) => Number((await row.locator(`[role=gridcell]:nth-child(${nth})`).innerText()) || 0);
		await page.goto(`${url}/alerts`);
		await page.getByRole("button", { name: "Groups" }).click();
		await row.waitFor();
		const before = await count(3);
		await ask("do-harm");
		await eventually(async () => (await count(3)) > before && (await count(5)) > 0, "the group does not say that something is open");
		const rule = await row.locator(".link-strong").innerText();
		await page.getByLabel("Group by").selectOption("image");
		await row.getByText("shop/hive").waitFor();
		await page.getByLabel("Group by").selectOption("container");
		await row.getByText(/^\S+ [0-9a-f]{12}$/).waitFor();
		await page.getByLabel("Group by").selectOption("rule");
		await row.getByText(rule).waitFor();
		const all = await count(3);
		await grid.focus();
		await page.keyboard.press("Home");
		await page.keyboard.press("Enter");
		await page.getByRole("grid", { name: "Alerts" }).waitFor();
		check(new URL(page.url()).searchParams.get("rule") === rule, "a group opens something else than its alerts");
		await eventually(async () => (await page.getByRole("grid", { name: "Alerts" }).locator(".table-row").count()) === all, `the list of a group has not its ${all} alerts`);
		await page.goBack();
		await row.waitFor();

		// Alerts still come as they like: what counts is what the dialog says that it decides about.
		const decided = await row.evaluate((cells) => [3, 5].map((nth) => Number(cells.querySelector(`[role=gridcell]:nth-child(${nth})`).innerText)).reduce((all, open) => all - open));
		await grid.focus();
		await page.keyboard.press("Home");
		await page.keyboard.press("f");
		const dialog = page.getByRole("dialog");
		const heading = await dialog.getByRole("heading", { name: /^False positive: [1-9]\d* alert/ }).innerText();
		const open = Number(heading.match(/\d+/)[0]);
		// What comes while somebody decides is left as it is.
		await ask("do-harm");
		await eventually(async () => (await count(3)) > decided + open, "the page does not say that alerts came");
		await dialog.getByLabel("Note").fill("a whole group");
		await dialog.getByRole("button", { name: "False positive" }).press("Enter");
		await page.getByRole("status").getByText(new RegExp(`^${open} alerts?: False positive`)).waitFor();
		await eventually(async () => (await count(5)) === (await count(3)) - decided - open, "what came meanwhile was decided about, or what was seen was not");
		await picture(page, "alert-groups", "en-light");
	},

	async accept() {
		const { vulnerability } = await ask("vulnerability");
		await page.goto(`${url}/vulnerabilities`);
		await page.getByRole("link", { name: vulnerability }).click();
		await page.getByRole("heading", { name: vulnerability, level: 1 }).waitFor();
		await page.getByRole("button", { name: "Accept…" }).click();
		await page.getByLabel("Reason").fill("not reachable in this test");
		await page.getByRole("button", { name: "Accept", exact: true }).click();
		await page.getByText("not reachable in this test").waitFor();
		await page.getByText("in force").waitFor();
		await page.getByText("Accepted", { exact: true }).waitFor();
	},

	async users() {
		await page.goto(`${url}/users`);
		await page.getByRole("button", { name: "New user" }).click();
		await page.getByLabel("User name").fill("reader");
		await page.getByRole("checkbox", { name: "Read-only" }).check();
		await page.getByRole("button", { name: "Make user" }).click();
		const made = await page.locator(".copy > code").innerText();
		await page.getByRole("button", { name: "Done" }).click();
		await page.getByRole("gridcell").getByText("reader", { exact: true }).waitFor();
		const box = page.getByRole("searchbox", { name: "Name" });
		await box.fill("READ");
		await page.getByRole("gridcell").getByText(admin, { exact: true }).waitFor({ state: "detached" });
		check((await page.getByRole("gridcell").getByText("reader", { exact: true }).count()) === 1, "a user is not found by a word of the name");
		await box.fill("nobody is called so");
		await page.getByText("No users").waitFor();
		await box.fill("");
		await page.getByRole("gridcell").getByText(admin, { exact: true }).waitFor();

		const reader = await newPage();
		await signIn(reader, "reader", made);
		await changePassword(reader, made, READER);
		await reader.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
		// What a role does not allow is not offered, and what is asked for all the same is refused.
		check((await reader.getByRole("link", { name: "Audit log" }).count()) === 0, "a reader is offered the audit log");
		await reader.goto(`${url}/audit`);
		await reader.getByText("Your role does not allow this").waitFor();
		await reader.goto(`${url}/users`);
		await reader.getByRole("tab", { name: "Users" }).or(reader.getByRole("heading", { level: 1 })).first().waitFor();
		check((await reader.getByRole("button", { name: "New user" }).count()) === 0, "a reader is offered to make users");
		const status = await reader.evaluate(async () => {
			const { csrf } = await (await fetch("/api/v1/session")).json();
			const body = JSON.stringify({ name: "mallory", roles: ["administrator"] });
			return (await fetch("/api/v1/users", { method: "POST", headers: { "Content-Type": "application/json", "X-Skep-Csrf": csrf }, body })).status;
		});
		check(status === 403, `making a user answered ${status} to a reader`);
		await reader.context().close();
	},

	/** Where duties are separated one makes accounts, another gives roles, and neither needs more than the pages for it. */
	async duties() {
		const { hands, chosen, directory } = await ask("duties");
		const row = (each, name) => each.getByRole("row").filter({ has: each.getByText(name, { exact: true }) });
		const open = async (each, name) => {
			await row(each, name).click();
			await each.getByRole("dialog").getByRole("heading", { name, exact: true }).waitFor();
			return each.getByRole("dialog");
		};
		const save = async (each) => {
			await each.getByRole("dialog").getByRole("button", { name: "Save" }).click();
			await each.getByRole("dialog").waitFor({ state: "detached" });
		};
		const pages = {};
		for (const [name, given] of Object.entries(hands)) {
			pages[name] = await newPage();
			await signIn(pages[name], name, given);
			await changePassword(pages[name], given, chosen);
			await pages[name].getByRole("heading", { name: "Overview", level: 1 }).waitFor();
			await pages[name].goto(`${url}/users`);
		}
		const { sysadmin, secadmin } = pages;

		await sysadmin.getByRole("button", { name: "New user" }).click();
		await sysadmin.getByLabel("User name").fill("alice");
		check(await sysadmin.getByRole("checkbox", { name: "Auditor" }).isDisabled(), "whoever gives no roles is offered to");
		await sysadmin.getByRole("button", { name: "Make user" }).click();
		const made = await sysadmin.locator(".copy > code").innerText();
		await sysadmin.getByRole("button", { name: "Done" }).click();
		await row(sysadmin, "alice").getByText("none: may do nothing").waitFor();

		await secadmin.reload();
		check((await secadmin.getByRole("button", { name: "New user" }).count()) === 0, "whoever makes no users is offered to");
		const given = await open(secadmin, "alice");
		check((await given.getByLabel("New password").count()) === 0 && (await given.getByRole("button", { name: "Remove" }).count()) === 0, "whoever makes no users is offered to change one");
		await inspect(secadmin, "give-roles", "en-light", true);
		await given.getByRole("checkbox", { name: "Auditor" }).check();
		await save(secadmin);
		await row(secadmin, "alice").getByText("Auditor").waitFor();

		const alice = await newPage();
		await signIn(alice, "alice", made);
		await changePassword(alice, made, chosen);
		await alice.getByRole("link", { name: "Audit log" }).waitFor();
		await alice.context().close();

		// Whoever sets a password could sign in by it: what belongs to another duty is gone.
		await (await open(sysadmin, "alice")).getByLabel("New password").fill(READER);
		await save(sysadmin);
		await row(sysadmin, "alice").getByText("none: may do nothing").waitFor();

		await (await open(sysadmin, "sysadmin")).getByLabel("Name shown").fill("Wang Wei");
		await save(sysadmin);
		await row(sysadmin, "sysadmin").getByText("Wang Wei").waitFor();
		// Roles of a directory's user are the directory's; the account can be disabled here.
		await (await open(sysadmin, directory)).getByLabel("Disabled: may not sign in").check();
		await save(sysadmin);
		await row(sysadmin, directory).getByText("Disabled").waitFor();
		for (const each of Object.values(pages)) await each.context().close();
	},

	async registries() {
		const { address, repository, other } = await ask("registry");
		await page.goto(`${url}/`);
		await page.getByRole("heading", { level: 1 }).waitFor();
		await page.keyboard.press("g");
		await page.keyboard.press("e");
		await page.getByText("No registry is watched").waitFor();
		await page.getByRole("button", { name: "New registry" }).click();
		await page.getByLabel("Name").fill("harbour");
		// What the console refuses is said in the form.
		await page.getByLabel("Address").fill("https://nowhere/");
		await page.getByRole("button", { name: "Save" }).click();
		await page.getByText("without https:// and path").waitFor();
		await page.getByLabel("Address").fill(address);
		await page.getByLabel("Stages by pattern").fill(`${repository} = production`);
		await page.getByRole("button", { name: "Save" }).click();
		await page.getByRole("heading", { name: "harbour", level: 1 }).waitFor();
		await page.getByText(`${repository}:1.0`).waitFor();
		await page.getByText("2 of 2 images scanned, 0 failed").waitFor();
		await page.getByRole("row", { name: new RegExp(`${repository}:1.0`) }).getByText("Production").waitFor();
		await page.getByText(`${repository}:1.0`).click();
		await page.getByRole("dialog").getByText("Came").waitFor();
		await page.keyboard.press("Escape");
		await page.getByLabel("Search tags").fill(other);
		await page.getByText(`${repository}:1.0`).waitFor({ state: "detached" });
		await page.goto(`${url}/images?stage=production`);
		await page.getByText(`${repository}:1.0`).first().waitFor();
	},

	async search() {
		await page.goto(`${url}/`);
		await page.getByRole("heading", { level: 1 }).waitFor();
		await page.keyboard.press("/");
		await page.getByRole("combobox", { name: "Search and go" }).fill("audit");
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
		await page.keyboard.press("g");
		await page.keyboard.press("r");
		await page.getByRole("heading", { name: "Rules", level: 1 }).waitFor();
	},

	/** A session that ends under its reader: why is said, and the way leads back. */
	async ended() {
		const each = await newPage();
		await signIn(each, admin, password);
		await each.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
		await each.context().clearCookies();
		await each.getByRole("link", { name: "Rules" }).click();
		await each.getByText("Your session has ended").waitFor();
		await enter(each, admin, password);
		await each.getByRole("heading", { name: "Rules", level: 1 }).waitFor();
		// While the console is away what is there stays.
		await each.getByRole("row").nth(3).waitFor();
		await each.route("**/api/v1/**", (route) => route.abort());
		await each.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
		await each.getByRole("link", { name: "Images" }).click();
		await each.getByText("The console does not answer").waitFor();
		await each.unroute("**/api/v1/**");
		// Pressed, or asked by a hint before that: what comes back is shown.
		const again = each.getByRole("button", { name: "Try again" });
		for (const end = Date.now() + WAIT; await again.count(); ) {
			check(Date.now() < end, "the page does not come back with the console");
			await again.click({ timeout: 500 }).catch(() => {});
		}
		await each.getByRole("grid", { name: "Images" }).waitFor();
		await each.context().close();
	},

	/** A second factor, and signing in with its code. */
	async factor() {
		const reader = await newPage();
		await signIn(reader, "reader", READER);
		await reader.getByRole("navigation").first().waitFor();
		await reader.goto(`${url}/settings?tab=account`);
		await reader.getByRole("button", { name: "Add a second factor" }).click();
		const secret = await reader.locator(".copy > code").first().innerText();
		await reader.getByLabel("One-time code").fill(oneTimeCode(secret));
		await reader.getByRole("button", { name: "Confirm" }).click();
		await reader.getByText("Keep these codes").waitFor();
		await reader.context().close();

		const again = await newPage();
		await signIn(again, "reader", READER);
		const code = again.getByLabel("One-time code");
		await code.fill("000000");
		await again.getByRole("button", { name: "Sign in" }).click();
		await again.getByRole("alert").waitFor();
		// The one before was used up.
		await code.fill(oneTimeCode(secret, 1));
		await again.getByRole("button", { name: "Sign in" }).click();
		await again.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
		await again.context().close();
	},

	/** A rule that is wrong, mended, tried on what is stored, and kept. */
	async rules() {
		const rule = (field, before = "evt.type = execve and ") =>
			`- rule: Marked\n  desc: a marked program\n  condition: ${before}${field} contains "skep-marker"\n  output: "marked %proc.cmdline"\n  priority: WARNING\n`;
		await page.goto(`${url}/rules/files/new`);
		await page.getByLabel("File name").fill("marked.yaml");
		// What the page begins with is right as it stands.
		await page.getByText("1 rule, nothing wrong").waitFor();
		const text = page.getByLabel("Text of the rules");
		const save = page.getByRole("button", { name: "Save" });
		await text.fill(rule("proc.nonesuch"));
		const problem = page.getByRole("button", { name: "proc.nonesuch" });
		await problem.waitFor();
		check(await save.isDisabled(), "a rule file with an error may be saved");
		await problem.click();
		check((await text.evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd))).includes("proc.nonesuch"), "the problem does not lead to its line");
		await text.fill(rule("proc.cmdline"));
		await page.getByText("1 rule, nothing wrong").waitFor();
		const run = page.getByRole("button", { name: "Run", exact: true });
		const match = page.locator(".dry-match").filter({ hasText: "Marked" });
		// Alerts tell the type of their event, so that the rule fires, and one for another does not; what they do not tell is said.
		await run.click();
		await match.getByRole("link").first().waitFor();
		await text.fill(rule("proc.cmdline", "evt.type = connect and "));
		await run.click();
		await page.getByText("No rule would have fired").waitFor();
		await text.fill(rule("proc.cwd"));
		await run.click();
		await match.getByText("could not be judged").waitFor();
		await text.fill(rule("proc.cmdline"));
		await page.getByText("1 rule, nothing wrong").waitFor();
		await save.click();
		await page.getByRole("heading", { name: "marked.yaml", level: 1 }).waitFor();
	},

	/** In Chinese rules are called what they are called there, and found by it. */
	async names() {
		const each = await newPage({ language: "zh" });
		await signIn(each, admin, password);
		await each.getByRole("navigation").first().waitFor();
		await each.goto(`${url}/rules?q=${encodeURIComponent("读取 shadow")}`);
		await each.getByRole("link", { name: "容器内读取 shadow 文件" }).click();
		await each.getByRole("heading", { name: "容器内读取 shadow 文件", level: 1 }).waitFor();
		// What names it in rule files stays to be seen.
		await each.getByText("Shadow file read in a container").waitFor();
		await each.goto(`${url}/alerts?rule=${encodeURIComponent("Shadow file read in a container")}`);
		await each.locator(".chip").getByText("容器内读取 shadow 文件").waitFor();
		await each.context().close();
	},

	/** A bundle of threat intelligence, uploaded: what is in it, what was left out, which rules judge by it. */
	async intelligence() {
		const indicator = (pattern) => ({ type: "indicator", pattern_type: "stix", pattern });
		const objects = [indicator("[domain-name:value = 'pool.example']"), indicator("[domain-name:value = 'a.example' AND domain-name:value = 'b.example']")];
		await page.getByRole("link", { name: "Intelligence" }).click();
		await page.getByRole("button", { name: "Add a list" }).first().click();
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("File", { exact: true }).setInputFiles({ name: "mining pools.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify({ type: "bundle", objects })) });
		await dialog.getByLabel("Holds").selectOption("domain");
		await dialog.getByRole("button", { name: "Read", exact: true }).click();
		const row = page.getByRole("row").filter({ hasText: "mining-pools" });
		await row.getByText("1 not understood").waitFor();
		await row.click();
		await dialog.getByText("intel_mining-pools").waitFor();
		await dialog.getByText("the first is number 2").waitFor();
		await dialog.getByRole("link", { name: "Name of threat intelligence" }).waitFor();
		await page.keyboard.press("Escape");
	},

	/** A place alerts are told, and its test button. */
	async notify() {
		const { url: receiver } = await ask("receiver");
		await page.goto(`${url}/settings?tab=notifications`);
		await page.getByRole("button", { name: "New notification" }).click();
		const dialog = page.getByRole("dialog");
		await dialog.getByLabel("Name", { exact: true }).fill("ops");
		await dialog.getByLabel("Address", { exact: true }).fill(`${receiver}/hook`);
		await dialog.getByRole("button", { name: "Save" }).click();
		await page.getByRole("gridcell").getByText("ops", { exact: true }).click();
		await dialog.getByRole("button", { name: "Send a test" }).click();
		await page.getByText("The test arrived.").waitFor();
		const { paths } = await ask("received");
		check(paths.includes("/hook"), `the receiver was asked for ${paths}`);
		await page.keyboard.press("Escape");
	},

	/** Heads of tables by the keyboard: the console's order, the other way round, and as it comes. */
	async sorting() {
		const press = async (name) => {
			await page.getByRole("columnheader", { name, exact: true }).getByRole("button").focus();
			await page.keyboard.press("Enter");
		};
		const said = (name, way) => async () => (await page.getByRole("columnheader", { name, exact: true }).getAttribute("aria-sort")) === way;
		const texts = (place) => page.locator(`[role=row] ${place}`).allInnerTexts();
		const inOrder = (list, up) => list.length > 1 && list[0] !== list.at(-1) && list.every((one, i) => !i || (up ? list[i - 1] <= one : list[i - 1] >= one));
		await page.goto(`${url}/rules`);
		for (const way of ["ascending", "descending"]) {
			await press("Rule");
			await eventually(said("Rule", way), `the head does not say ${way}`);
			await eventually(async () => inOrder(await texts("[role=gridcell]:nth-child(3) a"), way === "ascending"), `rules are not ${way}`);
		}
		await press("Rule");
		await eventually(said("Rule", "none"), "the head says it sorts when it does not");
		check(!new URL(page.url()).searchParams.has("sort"), "the address says it is sorted");

		await page.goto(`${url}/images`);
		await page.getByRole("link", { name: "shop/hive" }).first().click();
		await press("Package");
		await eventually(async () => inOrder(await texts("[role=gridcell]:nth-child(3)"), true), "findings are not sorted by package");

		const alerts = async () => (await page.locator("[role=row] a[href^='/alerts/']").evaluateAll((all) => all.map((a) => a.getAttribute("href").slice(8).padStart(20, "0"))));
		await page.goto(`${url}/alerts`);
		await eventually(async () => inOrder(await alerts(), false), "the newest alert is not first");
		await press("When");
		await eventually(async () => inOrder(await alerts(), true), "the oldest alert is not first");
		await press("Priority");
		await eventually(said("Priority", "descending"), "the head does not say descending");
		check(new URL(page.url()).searchParams.get("sort") === "-priority", "the address does not say how alerts are sorted");

		for (const [place, name, way] of [["agents", "Host", "descending"], ["agents", "Last contact", "ascending"], ["agents", "CPU, 1 h", "descending"], ["registries", "Name", "descending"], ["vulnerabilities", "KEV", "descending"]]) {
			await page.goto(`${url}/${place}`);
			await press(name);
			await eventually(said(name, way), `${name} of ${place} is not ${way}`);
		}
	},

	/** Sorted on the console, and kept with its filters under a name. */
	async views() {
		const shares = async () => (await page.getByRole("row").locator(":nth-child(5)").allInnerTexts()).map(Number.parseFloat).filter((n) => !Number.isNaN(n));
		const isSorted = (up) => async () => {
			const n = await shares();
			return n.length > 2 && n[0] !== n.at(-1) && n.every((share, i) => !i || (up ? n[i - 1] <= share : n[i - 1] >= share));
		};
		await page.goto(`${url}/vulnerabilities`);
		const head = page.getByRole("columnheader", { name: "EPSS" });
		await head.getByRole("button").click();
		await eventually(isSorted(false), "not sorted, the likeliest first");
		await head.getByRole("button").click();
		await eventually(isSorted(true), "not sorted, the least likely first");
		check((await head.getAttribute("aria-sort")) === "ascending", "the head does not say how it is sorted");
		await page.getByLabel("Fix").selectOption("true");
		const kept = new URL(page.url()).search;
		await page.getByRole("button", { name: "Views" }).click();
		await page.getByRole("button", { name: "Save this view…" }).click();
		await page.getByLabel("Name", { exact: true }).fill("Mend first");
		await page.getByRole("button", { name: "Save", exact: true }).click();
		await page.getByRole("button", { name: "Mend first" }).waitFor();
		await page.goto(`${url}/vulnerabilities`);
		await page.getByRole("button", { name: "Views" }).click();
		await page.getByRole("link", { name: "Mend first" }).click();
		await eventually(async () => new URL(page.url()).search === kept, "the view does not lead to its address");
		check((await page.getByLabel("Fix").inputValue()) === "true", "the address does not bring the filter back");
	},

	/** Sizes are set in words; a number without a unit, and what is no size, is not sent. */
	async settings() {
		await page.goto(`${url}/settings`);
		const field = page.getByLabel("The store may grow to");
		const save = page.getByRole("button", { name: "Save", exact: true });
		for (const none of ["20", "much"]) {
			await field.fill(none);
			check(!(await field.evaluate((e) => e.validity.valid)), `${none} is taken for a size`);
		}
		await field.fill("1.5 TiB");
		await save.click();
		await page.getByText("Settings are saved.").waitFor();
		await eventually(async () => (await page.getByLabel("The store may grow to").inputValue()) === "1536 GiB", "the size is not told exactly");
		check((await (await page.request.get(`${url}/api/v1/settings`)).json()).retentionBytes === 1536 * 1024 ** 3, "the size was not kept");
	},

	/** On a small screen rows are cards, and all that can be done with rows can be done with them. */
	async cards() {
		await page.setViewportSize({ width: 360, height: 740 });
		await page.goto(`${url}/rules`);
		const grid = page.getByRole("grid", { name: "Rules" });
		await grid.getByRole("row").nth(5).waitFor();
		await grid.focus();
		await page.keyboard.press("End");
		await page.keyboard.press("Home");
		for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
		const card = grid.locator(".table-row.at");
		const [box, outer] = [await card.boundingBox(), await grid.boundingBox()];
		check(box.y >= outer.y - 1 && box.y + box.height <= outer.y + outer.height + 1, "the card the keys stand on is not in sight");
		check(box.height > 60, "rows are no cards");
		const name = await card.getByRole("link").innerText();
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name, level: 1 }).waitFor();
		// Places are behind a button.
		await page.getByRole("button", { name: "Main navigation" }).click();
		await page.getByRole("dialog").getByRole("link", { name: "Audit log" }).click();
		await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor();
		await page.setViewportSize({ width: 1440, height: 900 });
	},

	/** From a host to what is wrong with an image, by the keyboard; and the same as a table. */
	async graph() {
		const focused = () => page.evaluate(() => document.activeElement?.dataset?.id ?? "");
		await page.goto(`${url}/assets?view=graph`);
		await page.getByLabel("Vulnerabilities and owners").check();
		await page.locator('[data-id^="vulnerability:"]').first().waitFor();
		const nodes = await page.locator("[data-id]").count();
		check(nodes <= 300, `${nodes} nodes are drawn`);
		check((await page.locator('[data-id][tabindex="0"]').count()) === 1, "the graph is not one stop of the Tab key");
		await page.locator('[data-id^="host:"]').first().focus();
		for (let i = 0; i < 8 && !(await focused()).startsWith("vulnerability:"); i++) await page.keyboard.press("ArrowRight");
		const id = (await focused()).replace(/^vulnerability:/, "");
		await page.keyboard.press("Enter");
		await page.getByRole("heading", { name: id, level: 1 }).waitFor();
		await page.goBack();
		await page.getByRole("button", { name: "As a table" }).click();
		const relations = page.getByRole("grid", { name: "How assets belong together" });
		await relations.getByText("brought in by").or(relations.getByText("affected by")).first().waitFor();
		// A package is an asset, too: it leads to what has it.
		await page.goto(`${url}/assets`);
		// What people look for is first, not processes whose names begin with a digit.
		const rows = page.getByRole("grid", { name: "Assets" }).getByRole("row");
		await rows.nth(1).getByText("Host", { exact: true }).waitFor();
		await page.getByLabel("Kind").selectOption("package");
		await page.getByRole("row").filter({ hasText: "7.61.1-r1" }).click();
		await page.getByRole("grid", { name: "Assets" }).getByText("hive-").first().waitFor();
	},

	/** Pages that hold much, of all states and of names nobody expects: in two ways, and in all four when pictures are wanted. */
	async crowd() {
		const { pages, all } = await ask("crowd");
		const texts = {
			"/agents": ["Clock is off", "12,345,678", "Certificate has ended"],
			"/users": ["Disabled", "none: may do nothing"],
			"/settings?tab=notifications": ["Failing"],
			"/settings?tab=tokens": ["Expired"],
			"/audit?action=agent": ["Refuse an agent from now on"],
		};
		for (const [language, theme] of [["en", "light"], ["zh", "dark"], ...(all ? [["zh", "light"], ["en", "dark"]] : [])]) {
			const each = await newPage({ language, theme });
			await each.goto(`${url}/`);
			await enter(each, admin, password);
			await each.getByRole("navigation").first().waitFor();
			for (const path of pages) {
				await lookAt(each, path, `${language}-${theme}`, all);
				for (const text of (language === "en" && texts[path]) || []) await each.getByText(text).first().waitFor();
			}
			await each.context().close();
		}
	},

	/** Every dialog by the keyboard alone: it opens, has the focus and keeps it, shows where it is, has nothing for axe, ends with Escape and
	 * gives the focus back. */
	async dialogs() {
		const { registry } = await ask("crowd");
		const each = await newPage();
		await signIn(each, admin, password);
		await each.getByRole("navigation").first().waitFor();
		const shown = async (path) => {
			await each.goto(url + path);
			await each.getByRole("heading", { level: 1 }).waitFor();
			await each.waitForFunction(() => !document.querySelector(".skeleton"));
		};
		const dialog = each.locator("dialog[open]");
		const focused = () =>
			each.evaluate(() => {
				const element = document.activeElement;
				const style = getComputedStyle(element);
				return { inside: element === document.body || !!element.closest("dialog[open]"), seen: element === document.body || style.outlineStyle !== "none" || /^(file|checkbox)$/.test(element.type) || element.role === "combobox" };
			});
		const walk = async (what) => {
			await dialog.waitFor();
			await each.evaluate(axeSource);
			const { violations } = await each.evaluate(() => axe.run("dialog[open]", { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }));
			for (const { id, impact, nodes } of violations) if (impact === "serious" || impact === "critical") complaints.push(`axe: ${what}: ${id}: ${nodes[0].target} ${nodes[0].failureSummary}`);
			for (let i = 0; i < 12; i++) {
				await each.keyboard.press("Tab");
				const { inside, seen } = await focused();
				check(inside, `${what}: Tab leaves the dialog`);
				check(seen, `${what}: it is not seen what has the focus`);
			}
			await each.keyboard.press("Escape");
			await dialog.waitFor({ state: "detached" });
		};
		for (const [path, name] of [
			["/users", "New user"],
			["/users?tab=roles", "New role"],
			["/registries", "New registry"],
			["/intelligence", "Add a list"],
			["/settings?tab=notifications", "New notification"],
			["/settings?tab=tokens", "New token"],
			["/agents", "Enrol an agent"],
		]) {
			await shown(path);
			const button = each.getByRole("button", { name }).first();
			await button.focus();
			await each.keyboard.press("Enter");
			await walk(`${path}: ${name}`);
			await eventually(() => button.evaluate((element) => element === document.activeElement), `${path}: the focus does not come back`);
		}
		for (const path of ["/users", "/users?tab=roles", `/registries/${registry}`, "/intelligence", "/settings?tab=notifications", "/audit"]) {
			await shown(path);
			const grid = each.getByRole("grid").first();
			await grid.getByRole("row").nth(1).waitFor();
			await grid.focus();
			await each.keyboard.press("Home");
			await each.keyboard.press("Enter");
			await walk(`${path}: a row`);
			await eventually(() => grid.evaluate((element) => element.contains(document.activeElement)), `${path}: the focus does not come back to the table`);
		}
		await shown("/alerts");
		for (const key of ["/", "Control+k", "?"]) {
			await each.keyboard.press(key);
			await walk(key);
		}
		// Keys that come alone can be switched off, for who speaks to the browser; those of what has the focus stay.
		await each.keyboard.press("?");
		await dialog.getByRole("checkbox").uncheck();
		await each.keyboard.press("Escape");
		await dialog.waitFor({ state: "detached" });
		const pause = each.getByRole("button", { name: "Pause" });
		for (const key of ["p", "?", "/"]) await each.keyboard.press(key);
		check((await dialog.count()) === 0 && (await pause.count()) === 1, "a key that was switched off still works");
		await each.keyboard.press("Control+k");
		await walk("Control+k alone");
		await each.getByRole("button", { name: "Keyboard" }).press("Enter");
		await dialog.getByRole("checkbox").check();
		await each.keyboard.press("Escape");
		await each.keyboard.press("p");
		await each.getByRole("button", { name: "Resume" }).waitFor();
		await each.context().close();
	},

	/** Every page in both languages and both themes, in all four ways when pictures are wanted: for people's eyes, and axe's. */
	async look() {
		const { pages, all } = await ask("pages");
		const crossed = [
			["zh", "light"],
			["en", "dark"],
		];
		const see = async ([language, theme]) => {
			const each = await newPage({ language, theme });
			await lookAt(each, "/?sign-in", `${language}-${theme}`, all);
			await signIn(each, admin, password);
			await each.getByRole("navigation").first().waitFor();
			for (const path of pages) await lookAt(each, path, `${language}-${theme}`, all);
			await each.context().close();
		};
		const ways = [["en", "light"], ["zh", "dark"], ...(all ? crossed : [])];
		// Two at once: each waits for the console while the other is looked at.
		while (ways.length) await Promise.all(ways.splice(0, 2).map(see));
	},
};

let failed = false;
for (const name of steps) {
	try {
		await STEPS[name]();
		if (complaints.length) throw new Error(complaints.join("\n"));
		console.log(JSON.stringify({ passed: name }));
	} catch (error) {
		failed = true;
		for (const [index, each] of browser.contexts().flatMap((context) => context.pages()).entries())
			await each.screenshot({ path: join(shots, `failed-${name}-${index}.png`) }).catch(() => {});
		console.log(JSON.stringify({ failed: name, why: error.message }));
		break;
	}
}
await browser.close();
process.exit(failed ? 1 : 0);
