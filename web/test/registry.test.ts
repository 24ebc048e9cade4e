import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, rulesOf, rulesText, textOf } from "../src/logic/registry.ts";

test("one thing a line, or by commas", () => {
	assert.deepEqual(linesOf(" team/* \n\n!team/old, x "), ["team/*", "!team/old", "x"]);
	assert.equal(textOf(["a", "b"]), "a\nb");
	assert.equal(textOf(undefined), "");
});

test("stages are read as they are shown", () => {
	const rules = rulesOf("prod/** = production\nos/*:12=base");
	assert.deepEqual(rules, [
		{ pattern: "prod/**", stage: "production" },
		{ pattern: "os/*:12", stage: "base" },
	]);
	assert.deepEqual(rulesOf(rulesText(rules)), rules);
	assert.deepEqual(rulesOf("nothing"), [{ pattern: "nothing", stage: "" }]);
});
