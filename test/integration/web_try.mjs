// web_try.mjs: people's work in the console's pages, in a real browser. test_web.py starts the console, an agent and an engine,
// and does what this asks for on its standard output: {"do": "..."} is answered by one line.
//
//   web_try.mjs URL CHROMIUM SCREENSHOTS STEP...
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const need = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = need("playwright-core");
const axeSource = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");

const [url, executablePath, shots, ...steps] = process.argv.slice(2);
const WAIT = 20_000;
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
	await page.getByLabel(/^(User name|用户名)$/).fill(name);
	await page.getByLabel(/^(Password|密码)$/).fill(password);
	await page.getByRole("button", { name: /^(Sign in|登录)$/ }).click();
}

async function changePassword(page, old, wanted) {
	await page.getByLabel("Password so far").fill(old);
	await page.getByLabel("New password", { exact: true }).fill(wanted);
	await page.getByLabel("New password again").fill(wanted);
	await page.getByRole("button", { name: "Set password" }).click();
}

const { admin, password, first } = await ask("who");
let page;

const STEPS = {
	async "sign-in"() {
		page = await newPage();
		await signIn(page, admin, "not the password");
		await page.getByRole("alert").waitFor();
		await page.getByLabel("Password").fill(first);
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("heading", { name: "Choose your password" }).waitFor();
		await changePassword(page, first, password);
		await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
		await page.getByText("Live", { exact: true }).waitFor();
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

		const reader = await newPage();
		await signIn(reader, "reader", made);
		await changePassword(reader, made, "Wax-and-comb-7-hive");
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

	/** Every page in both languages and both themes, in all four ways when pictures are wanted: for people's eyes, and axe's. */
	async look() {
		const { pages, all } = await ask("pages");
		const crossed = [
			["zh", "light"],
			["en", "dark"],
		];
		for (const [language, theme] of [["en", "light"], ["zh", "dark"], ...(all ? crossed : [])]) {
			const each = await newPage({ language, theme });
			await signIn(each, admin, password);
			await each.getByRole("navigation").first().waitFor();
			for (const path of pages) {
				await each.goto(url + path);
				await each.getByRole("heading", { level: 1 }).waitFor();
				await each.waitForFunction(() => !document.querySelector(".skeleton"));
				const name = `${path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").slice(0, 60) || "overview"}-${language}-${theme}`;
				await each.screenshot({ path: join(shots, `${name}.png`) });
				await each.evaluate(axeSource);
				const { violations } = await each.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
				for (const { id, impact, nodes } of violations)
					if (impact === "serious" || impact === "critical") complaints.push(`axe: ${path} ${language} ${theme}: ${id}: ${nodes[0].target} ${nodes[0].failureSummary}`);
			}
			await each.context().close();
		}
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
