// compress.mjs DIR: holds a build of the pages to its budget, then writes NAME.gz and NAME.br beside each file that gains by it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const KIB = 1024;
const BUDGET = { initialScript: 180 * KIB, initialStyle: 25 * KIB, lazy: 60 * KIB };
const root = process.argv[2];
const gzip = (name) => gzipSync(readFileSync(join(root, name)), { level: 9 });

/** Chunks that are loaded before anything is shown: the entry and all it imports statically. */
function initialChunks(manifest) {
	const found = new Set();
	const add = (key) => {
		if (found.has(key)) return;
		found.add(key);
		for (const next of manifest[key].imports ?? []) add(next);
	};
	for (const key of Object.keys(manifest)) if (manifest[key].isEntry) add(key);
	return found;
}

function checkBudget() {
	const manifest = JSON.parse(readFileSync(join(root, "manifest.json"), "utf8"));
	const initial = initialChunks(manifest);
	const size = (name) => gzip(name).length;
	let script = 0;
	let style = 0;
	const over = [];
	for (const [key, chunk] of Object.entries(manifest)) {
		if (initial.has(key)) {
			script += size(chunk.file);
			for (const css of chunk.css ?? []) style += size(css);
		} else if (chunk.file.endsWith(".js") && size(chunk.file) > BUDGET.lazy) {
			over.push(`${chunk.file}: ${size(chunk.file)} bytes, ${BUDGET.lazy} allowed`);
		}
	}
	if (script > BUDGET.initialScript) over.push(`initial JavaScript: ${script} bytes, ${BUDGET.initialScript} allowed`);
	if (style > BUDGET.initialStyle) over.push(`initial CSS: ${style} bytes, ${BUDGET.initialStyle} allowed`);
	console.error(`build-web: initial JavaScript ${(script / KIB).toFixed(1)} KiB, CSS ${(style / KIB).toFixed(1)} KiB (gzip)`);
	if (over.length) {
		for (const line of over) console.error(`build-web: over the budget: ${line}`);
		process.exit(1);
	}
	rmSync(join(root, "manifest.json"));
}

checkBudget();
for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
	if (!entry.isFile()) continue;
	const name = join(entry.parentPath, entry.name);
	const bytes = readFileSync(name);
	const forms = {
		gz: gzipSync(bytes, { level: 9 }),
		br: brotliCompressSync(bytes, {
			params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
		}),
	};
	for (const [ending, packed] of Object.entries(forms))
		if (packed.length < bytes.length) writeFileSync(`${name}.${ending}`, packed);
}
