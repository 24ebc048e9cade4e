import { defineConfig } from "vite";

// What is served must run under a policy that allows scripts and styles from files only: nothing is inlined, and names carry
// a hash of their contents so that browsers may keep them for ever.
export default defineConfig({
	clearScreen: false,
	build: {
		target: "es2022",
		// Not "assets": below that lie pages.
		assetsDir: "static",
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		manifest: "manifest.json",
		reportCompressedSize: false,
		rolldownOptions: {
			// "use client" means something to servers that render React; there is none here.
			onLog: (level, log, tell) => log.code !== "MODULE_LEVEL_DIRECTIVE" && tell(level, log),
		},
	},
	server: {
		proxy: process.env.SKEP_CONSOLE ? { "/api": { target: process.env.SKEP_CONSOLE, secure: false } } : undefined,
	},
});
