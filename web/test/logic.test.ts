import assert from "node:assert/strict";
import { before, test } from "node:test";
import { queryText, readAnswer } from "../src/api/client.ts";
import type { Alert, Asset, Graph, HistogramBucket } from "../src/api/types.ts";
import { loadLanguage } from "../src/i18n/index.ts";
import { readAlertDoc } from "../src/logic/alert_doc.ts";
import { factOf, hrefOf, placeOf } from "../src/logic/asset.ts";
import { ALL_CAPABILITIES, capabilitiesOf } from "../src/logic/capability.ts";
import { wholeCost } from "../src/logic/cost.ts";
import { bytes, dateTime, dayBegins, dayEnds, dayOf, duration, epss, points, readSize, relativeTime, shortDigest, shortIds, shortNumber, sizeText, stretch } from "../src/logic/format.ts";
import { NODES_DRAWN, NODE_HEIGHT, layoutGraph, stepFrom } from "../src/logic/graph_layout.ts";
import { affected, workloadOf } from "../src/logic/group.ts";
import { fromText, titleOf, toText } from "../src/logic/notification.ts";
import { PRIORITIES, heatStep, heatSteps, inReadingOrder, soFar, worstOf } from "../src/logic/severity.ts";

before(() => loadLanguage("en"));

function alert(over: Partial<Alert>): Alert {
	const time = "2026-11-21T10:00:00Z";
	return {
		id: "1",
		time,
		received: time,
		priority: "warning",
		rule: "R",
		message: "m",
		host: "h",
		agent: "a-1",
		tags: [],
		count: 1,
		first: time,
		last: time,
		state: "open",
		...over,
	};
}

test("numbers are short and honest", () => {
	assert.equal(bytes(0), "0 B");
	assert.equal(bytes(1023), "1,023 B");
	assert.equal(bytes(1024), "1 KiB");
	assert.equal(bytes(1.5 * 1024 ** 3), "1.5 GiB");
	assert.equal(shortNumber(9999), "9,999");
	assert.equal(shortNumber(123_456), "123.5k");
	assert.equal(epss(0.153, 0.927), "15% (P92)");
	assert.equal(epss(0.0004), "<0.1%");
	assert.equal(epss(0), "0%");
	assert.equal(shortDigest(`sha256:${"ab".repeat(32)}`), "sha256:abababababab");
});

test("a risk is shown as it was judged, whatever the word beside it", () => {
	assert.equal(points(19.6), "19.6");
	assert.equal(points(19.999999999999996), "20");
	assert.equal(points(20), "20");
	assert.equal(points(0.4), "0.4");
});

test("times are told from now", () => {
	const now = Date.parse("2026-11-21T10:00:00Z");
	assert.equal(relativeTime("2026-11-21T09:59:58Z", now), "just now");
	assert.match(relativeTime("2026-11-21T09:59:00Z", now), /^1 min/);
	assert.match(relativeTime("2026-11-19T09:59:00Z", now), /^2 days ago/);
	assert.match(relativeTime("2026-11-21T12:00:00Z", now), /^in 2/);
	assert.match(relativeTime("2019-01-01T00:00:00Z", now), /^7 y/);
});

test("moments name their zone, and days are the reader's", () => {
	const zone = process.env.TZ;
	try {
		process.env.TZ = "Asia/Shanghai";
		assert.match(dateTime("2026-11-21T20:00:00Z"), /22 Nov 2026, 04:00:00 (GMT\+8|CST)$/);
		assert.equal(dayOf("2026-11-21T20:00:00Z"), "2026-11-22");
		assert.equal(dayBegins("2026-11-22"), "2026-11-21T16:00:00.000Z");
		assert.equal(dayEnds("2026-11-22"), "2026-11-22T15:59:59.000Z");
		assert.equal(dayOf(dayEnds("2026-11-22")), "2026-11-22");
	} finally {
		if (zone === undefined) delete process.env.TZ;
		else process.env.TZ = zone;
	}
});

test("what has no name but an id is called by its beginning", () => {
	const id = "5e".padEnd(64, "0");
	assert.equal(shortIds(`container ${id} is new`), "container 5e0000000000 is new");
	assert.equal(shortIds(`sha256:${id}`), "sha256:5e0000000000");
	assert.equal(shortIds("deadbeef"), "deadbeef");
});

test("a query leaves out what is not asked, and repeats lists", () => {
	assert.equal(queryText({ q: "", a: undefined, b: null, state: ["open", "resolved"], n: 0, on: false }), "?state=open&state=resolved&n=0&on=false");
	assert.equal(queryText({}), "");
});

test("where an alert comes from is its pod, its container or its host", () => {
	assert.equal(workloadOf(alert({ namespace: "shop", pod: "web-1" })), "shop/web-1");
	assert.equal(workloadOf(alert({ containerName: "web" })), "web");
	assert.equal(workloadOf(alert({})), "h");
});

test("containers of one name are told apart by where they are", () => {
	const id = `container:${"0123456789abcdef".repeat(4)}`;
	assert.equal(placeOf({ id, host: "node-1", namespace: "web", pod: "proxy-1", cluster: "prod" }), "web/proxy-1 · node-1 · prod");
	assert.equal(placeOf({ id, host: "node-1", namespace: "web" }), "web · 0123456789ab · node-1");
	assert.equal(placeOf({ id, host: "node-1" }), "0123456789ab · node-1");
	assert.equal(placeOf({ id }), "0123456789ab");
	assert.equal(placeOf({ id: "host:a", pod: "p" }), "p");
});

test("a decision about a group changes what was counted and nothing else", () => {
	const group = { value: "r", alerts: 9, events: 12, open: 4, priority: "notice" as const, first: null, last: null };
	assert.deepEqual(affected(group, [], "resolved"), { states: ["open"], count: 4 });
	assert.deepEqual(affected(group, ["open", "resolved"], "resolved"), { states: ["open"], count: 4 });
	assert.deepEqual(affected(group, ["open", "acknowledged"], "resolved"), { states: ["open", "acknowledged"], count: 9 });
	assert.deepEqual(affected(group, [], "open"), { states: ["acknowledged", "resolved", "false-positive"], count: 5 });
	assert.deepEqual(affected(group, ["open", "resolved"], "open"), { states: ["resolved"], count: 5 });
});

test("counts have a worst", () => {
	const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
	assert.equal(worstOf(none), null);
	assert.equal(worstOf({ ...none, low: 3, high: 1 }), "high");
});

test("the colours of the heat map follow what is on it", () => {
	const looks = (counts: number[]) => heatSteps(counts).map(({ step, from, to }) => [step, from, to]);
	assert.deepEqual(looks([]), []);
	assert.deepEqual(looks([0, 0]), []);
	assert.deepEqual(looks([7, 7, 0]), [[3, 7, 7]]);
	assert.deepEqual(looks([9, 1]), [[1, 1, 1], [5, 9, 9]]);
	// Small counts are told apart where there are none but small ones, and so are large ones among large.
	assert.deepEqual(looks([1, 2, 3, 4, 5]).map(([step]) => step), [1, 2, 3, 4, 5]);
	assert.deepEqual(looks([1001, 1002, 1003, 1004, 1005]).map(([step]) => step), [1, 2, 3, 4, 5]);
	// Many of one count leave the others their colours, and one of thousands does not take them.
	assert.deepEqual(looks([...Array(100).fill(1), 2, 3, 4, 5, 6, 7]), [[1, 1, 1], [2, 2, 3], [3, 4, 5], [4, 6, 6], [5, 7, 7]]);
	assert.equal(looks([1, 2, 3, 4, 5, 6, 7, 8, 9, 1e9]).length, 5);
	for (const counts of [[1, 2, 2, 3, 50, 51, 51, 1e6], [3, 3, 4, 8, 8, 9, 9, 9, 12, 40], Array.from({ length: 500 }, (_, i) => (i * 7919) % 997)]) {
		const steps = heatSteps(counts);
		const sorted = [...counts].sort((a, b) => a - b);
		const each = sorted.map((count) => heatStep(steps, count));
		assert.deepEqual(each, [...each].sort((a, b) => a - b));
		assert.equal(each.at(-1), 5);
		for (const count of sorted.filter((x) => x > 0)) assert.ok(steps.some(({ step, from, to }) => step === heatStep(steps, count) && from <= count && count <= to));
	}
	assert.equal(heatStep(heatSteps([4]), 0), 0);
});

test("pages of things are found by kind and id, whatever the id holds", () => {
	assert.equal(hrefOf("image", "image:sha256:ab/.."), "/images/sha256%3Aab%2F..");
	assert.equal(hrefOf("container", "container:x"), "/assets/container%3Ax");
	assert.equal(hrefOf("container", "x"), "/assets/container%3Ax");
	assert.equal(hrefOf("vulnerability", "CVE-1?q"), "/vulnerabilities/CVE-1%3Fq");
});

test("an agent's parts add up, as far as they tell", () => {
	const sensor = { part: "sensor", cpu: 1.5, cpuSeconds: 10, memory: 100, processes: 1 };
	const scanner = { part: "scanner", cpu: 40, cpuSeconds: 2.5, memory: 50, processes: 3 };
	assert.deepEqual(wholeCost([sensor, scanner]), { part: "all", cpu: 41.5, cpuSeconds: 12.5, memory: 150, processes: 4 });
	const old = wholeCost([sensor, { part: "uplink", cpuSeconds: 1, memory: 1 }]);
	assert.equal(old.cpu, undefined);
	assert.equal(old.processes, undefined);
	assert.equal(old.cpuSeconds, 11);
});

test("an agent's document may be anything", () => {
	for (const doc of [null, 1, "x", [], {}, { lineage: 3, container: [], fields: null }, { lineage: [null, 1, { pid: "x" }], container: { mounts: [1] } }]) {
		const read = readAlertDoc(doc);
		assert.ok(Array.isArray(read.lineage) && Array.isArray(read.fields) && Array.isArray(read.container));
	}
	const read = readAlertDoc({ lineage: [{ pid: 7, name: "sh", cmdline: "<b>" }], container: { runtime: "docker", privileged: true }, fields: { a: null, b: { c: 1 } } });
	assert.equal(read.lineage[0]!.pid, 7);
	assert.equal(read.powers.privileged, true);
	assert.deepEqual(read.fields, [
		["a", ""],
		["b", '{"c":1}'],
	]);
});

test("a graph lies the same way each time, nothing on top of another, nothing lost", () => {
	const asset = (kind: Asset["kind"], id: string): Asset => ({ id, kind, name: id, agent: "", firstSeen: "", lastSeen: "", gone: null, labels: {}, summary: null });
	const graph: Graph = {
		nodes: [asset("host", "h"), ...Array.from({ length: 20 }, (_, i) => asset("container", `c${i}`)), asset("image", "i")],
		edges: [...Array.from({ length: 20 }, (_, i) => ({ from: "h", to: `c${i}`, kind: "runs" })), { from: "c3", to: "i", kind: "uses" }, { from: "c3", to: "gone", kind: "uses" }],
		beyond: [],
		cut: false,
	};
	const one = layoutGraph(graph);
	assert.deepEqual(layoutGraph(graph), one);
	assert.equal(one.nodes.length, graph.nodes.length);
	assert.equal(one.edges.length, 21);
	for (const a of one.nodes) {
		assert.ok(a.x >= 0 && a.y >= 0 && a.y + NODE_HEIGHT <= one.height);
		for (const b of one.nodes) assert.ok(a === b || a.x !== b.x || Math.abs(a.y - b.y) >= NODE_HEIGHT);
	}
	for (const { from, to } of one.edges) assert.ok(from.x < to.x);
});

test("a graph keeps its order as it grows, and is bounded", () => {
	const asset = (kind: string, name: string) => ({ id: `${kind}:${name}`, kind, name }) as unknown as Graph["nodes"][number];
	const grown = (names: string[]): Graph => ({
		nodes: [asset("host", "h"), ...names.map((name) => asset("container", name))],
		edges: names.map((name) => ({ from: `container:${name}`, to: "host:h", kind: "on" })),
		beyond: [],
		cut: false,
	});
	const order = (layout: ReturnType<typeof layoutGraph>) => layout.nodes.filter(({ item }) => item.kind === "container").map(({ item }) => item.name);
	const one = layoutGraph(grown(["b", "d"]));
	const two = layoutGraph(grown(["b", "c", "d", "a"]), undefined, new Map(one.nodes.map(({ item, y }) => [item.id, y])));
	const kept = order(two).filter((name) => name === "b" || name === "d");
	assert.deepEqual(kept, ["b", "d"]);
	const many = layoutGraph(grown(Array.from({ length: 500 }, (_, n) => `n${n}`)));
	assert.equal(many.nodes.length, NODES_DRAWN);
});

test("a name cannot be made to read as another", () => {
	const { items } = readAnswer('{"items":[{"name":"ab\\u202egnp.exe","n":1},"\u2066x","שלום"]}') as { items: [{ name: string; n: number }, string, string] };
	assert.deepEqual(items, [{ name: "ab\\u202egnp.exe", n: 1 }, "\\u2066x", "שלום"]);
	assert.deepEqual(readAnswer('{"labels":{"app\u2067":"a","\\u202Etier":"b","t":[null,1]}}'), { labels: { "app\\u2067": "a", "\\u202etier": "b", t: [null, 1] } });
});

test("groups stand in the column of what is in them, what is left over last, short columns in the middle", () => {
	const group = (id: string, of: string, open: object) => ({ id, kind: "group", of, name: id, count: 9, open });
	const graph = {
		nodes: [],
		edges: ["rest", "a", "b"].map((id) => ({ from: id, to: "hosts", kind: "on" })),
		beyond: [group("rest", "container", { skip: 2 }), group("hosts", "host", {}), group("b", "container", { namespace: "b" }), group("a", "container", { namespace: "a" })],
		cut: false,
	} as unknown as Graph;
	const { nodes } = layoutGraph(graph);
	const at = (id: string) => nodes.find(({ item }) => item.id === id)!;
	assert.ok(at("hosts").column < at("a").column && at("a").column === at("rest").column);
	assert.ok(at("a").y < at("b").y && at("b").y < at("rest").y);
	assert.equal(at("hosts").y, at("b").y);
});

test("arrows go along a graph's edges", () => {
	const graph = {
		nodes: [
			{ id: "host:a", kind: "host", name: "a" },
			{ id: "host:b", kind: "host", name: "b" },
			{ id: "container:c", kind: "container", name: "c" },
		],
		edges: [{ from: "container:c", to: "host:b", kind: "on" }],
		beyond: [],
		cut: false,
	} as unknown as Graph;
	const layout = layoutGraph(graph);
	assert.equal(stepFrom(layout, "container:c", "ArrowLeft"), "host:b");
	assert.equal(stepFrom(layout, "host:b", "ArrowRight"), "container:c");
	assert.equal(stepFrom(layout, "host:a", "ArrowDown"), "host:b");
	assert.equal(stepFrom(layout, "host:a", "ArrowUp"), null);
	assert.equal(stepFrom(layout, "host:a", "ArrowLeft"), null);
	assert.equal(stepFrom(layout, "host:b", "Home"), "host:a");
	assert.equal(stepFrom(layout, "host:a", "x"), null);
});

test("settings of a notification are called by what they are", () => {
	assert.deepEqual(titleOf("address", "url"), ["Address", ""]);
	assert.deepEqual(titleOf("signs requests: X-Skep-Signature", "secret"), ["Signs requests", "X-Skep-Signature"]);
	assert.deepEqual(titleOf("HOST:PORT of some brokers", "brokers"), ["HOST:PORT of some brokers", ""]);
	assert.deepEqual(titleOf("请求签名密钥：X-Skep-Signature", "secret"), ["请求签名密钥", "X-Skep-Signature"]);
	assert.deepEqual(titleOf("", "batch"), ["Batch", ""]);
});

test("settings of a notification survive their fields", () => {
	const settings = [
		{ name: "url", type: "url" },
		{ name: "port", type: "number" },
		{ name: "tls", type: "boolean" },
		{ name: "to", type: "list" },
		{ name: "headers", type: "map" },
		{ name: "unset", type: "text" },
	].map((each) => ({ ...each, secret: false, required: false, choices: [], what: "", whatZh: "" }));
	const value = { url: "https://x/", port: 514, tls: true, to: ["a@x", "b@x"], headers: { Authorization: "Bearer a:b", X: "" } };
	const texts = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toText(each)]));
	assert.deepEqual(fromText(settings, { ...texts, unset: "  ", stranger: "x" }), value);
});

test("capabilities are told by name", () => {
	assert.deepEqual(capabilitiesOf(0), []);
	assert.deepEqual(capabilitiesOf(1 + 2 ** 21 + 2 ** 39), ["CHOWN", "SYS_ADMIN", "BPF"]);
	assert.deepEqual(capabilitiesOf(2 ** 45), ["45"]);
	assert.equal(capabilitiesOf(2 ** ALL_CAPABILITIES - 1).length, ALL_CAPABILITIES);
});

test("priorities are read from the most urgent, rules by their number", () => {
	const values = [{ value: "warning" }, { value: "critical" }, { value: "notice" }];
	assert.deepEqual(inReadingOrder("priority", values).map(({ value }) => value), ["critical", "warning", "notice"]);
	assert.deepEqual(inReadingOrder("rule", values), values);
});

test("the ends of a chart name year and zone where they must", () => {
	const ends = (from: string, to: string) => stretch(from, to, new Date("2026-11-22T12:00:00Z"));
	const [begin, end] = ends("2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z");
	assert.doesNotMatch(begin + end, /2026/);
	assert.ok(end.length > begin.length);
	assert.match(ends("2025-11-21T12:00:00Z", "2026-11-22T12:00:00Z")[0], /2025/);
});

test("a chart shows no time to come", () => {
	const counts = Object.fromEntries(PRIORITIES.map((priority) => [priority, 0])) as HistogramBucket["counts"];
	const buckets = ["12:00", "12:20", "12:40"].map((at) => ({ time: `2026-11-22T${at}:00Z`, counts }));
	assert.equal(soFar(buckets, Date.parse("2026-11-22T12:25:00Z")).length, 2);
});

test("a graph's columns fit the room there is, down to what can be read", () => {
	const host = { id: "host:a", kind: "host", name: "a" } as Asset;
	const container = { id: "container:b", kind: "container", name: "b" } as Asset;
	const graph = { nodes: [host, container], edges: [{ from: "container:b", to: "host:a", kind: "on" }], beyond: [], cut: false } as unknown as Graph;
	assert.ok(layoutGraph(graph, 340).width <= 340);
	assert.ok(layoutGraph(graph, 100).nodeWidth > 100);
	assert.ok(layoutGraph(graph, 100).width > 100);
});

test("facts are told as what they are", () => {
	assert.match(factOf("bootTime", 1_795_348_451), /2026/);
	assert.match(factOf("finishedNs", 1_795_348_451e9), /2026/);
	assert.equal(factOf("pid", 1_795_348_451), "1795348451");
});

test("durations are told in words, by their two largest units", () => {
	const told = [0, 1, 59, 60, 95, 3605, 7260, 273_600, 400 * 86_400].map(duration);
	assert.deepEqual(told, ["0 seconds", "1 second", "59 seconds", "1 minute", "1 minute 35 seconds", "1 hour", "2 hours 1 minute", "3 days 4 hours", "400 days"]);
});

test("sizes are read as people write them, and told exactly", () => {
	for (const [text, size] of [
		["500 MiB", 500 * 1024 ** 2],
		["20g", 20 * 1024 ** 3],
		["1.5 GB", 1.5e9],
		[" 7 b ", 7],
		["0", 0],
	] as const)
		assert.equal(readSize(text), size);
	// Who writes 20 hardly means bytes, and would lose all but a day.
	for (const none of ["", "20", "-1 GiB", "1,5 GiB", "20 GiBi", "GiB", "1e3 MiB"]) assert.equal(readSize(none), undefined);
	assert.deepEqual([0, 7, 1536 * 1024 ** 2, 20 * 1024 ** 3, 1024 ** 5].map(sizeText), ["0", "7 B", "1536 MiB", "20 GiB", "1024 TiB"]);
	for (const n of [0, 1, 1000, 1024, 123_456_789, 3 * 1024 ** 4]) assert.equal(readSize(sizeText(n)), n);
});
