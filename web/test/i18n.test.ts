import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { en } from "../src/i18n/en.ts";
import { fill, loadLanguage, pick, t, tValue } from "../src/i18n/index.ts";
import { zh } from "../src/i18n/zh.ts";

const SOURCE = join(import.meta.dirname, "../src");

function placeholders(text: string): string[] {
	return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
}

test("both languages have the same texts", () => {
	assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
});

test("what is filled in is the same in both", () => {
	for (const [key, text] of Object.entries(en)) assert.deepEqual(placeholders(zh[key as keyof typeof en]), placeholders(text), key);
});

test("no text is empty, and Chinese ones are not left in English", () => {
	for (const [key, text] of Object.entries(zh)) {
		assert.ok(text.trim() && en[key as keyof typeof en].trim(), key);
		if (text.length > 24) assert.match(text, /\p{Script=Han}/u, key);
	}
});

test("every text is used, and none is written into a page", () => {
	const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name) && !name.startsWith("i18n"));
	const all = files.map((name) => readFileSync(join(SOURCE, name), "utf8")).join("\n");
	const used = new Set([...all.matchAll(/"([a-zA-Z]+(?:\.[\w-]+)+)"/g)].map((found) => found[1]));
	const prefixes = [...all.matchAll(/tValue\("([\w.]+)"|[`"]([a-z]+)\.\$\{/g)].map((found) => `${found[1] ?? found[2]}.`);
	for (const key of Object.keys(en)) {
		if (key.startsWith("relation.")) continue;
		assert.ok(used.has(key) || prefixes.some((prefix) => key.startsWith(prefix)), `${key} is used nowhere`);
	}
	// Text between tags that a reader would see, in a language of its own.
	for (const name of files.filter((each) => each.endsWith(".tsx")))
		for (const [, text] of readFileSync(join(SOURCE, name), "utf8").matchAll(/>([^<>{}=;()]*[a-z]{3}[^<>{}=;()]*)<\//g))
			assert.ok(/^\s*(Skep|skep audit verify[\w.\s-]*)\s*$/.test(text!), `${name}: "${text!.trim()}"`);
});

test("texts are filled in by name and number", async () => {
	await loadLanguage("en");
	assert.equal(t("triage.done", { n: 1, state: "Resolved" }), "1 alert: Resolved");
	assert.equal(t("triage.done", { n: 1200, state: "Resolved" }), "1,200 alerts: Resolved");
	assert.equal(fill("{a} {b}", { a: "x" }), "x {b}");
	assert.equal(fill("{a}", { a: "{b}" }), "{b}");
	assert.equal(tValue("severity", "critical"), "Critical");
	assert.equal(tValue("severity", "of the future"), "of the future");
	assert.equal(pick("cat", "猫"), "cat");
	await loadLanguage("zh");
	assert.equal(tValue("severity", "critical"), "严重");
	assert.equal(pick("cat", "猫"), "猫");
	assert.equal(pick("cat", undefined), "cat");
});

test("every kind of gap has its words", () => {
	const kinds = [...readFileSync(join(SOURCE, "../../src/model/gap.h"), "utf8").matchAll(/\bX\([A-Z_]+, "([a-z-]+)"/g)].map((found) => `gap.${found[1]}`);
	assert.ok(kinds.length > 10);
	assert.deepEqual(kinds.sort(), Object.keys(en).filter((key) => key.startsWith("gap.")).sort());
});
