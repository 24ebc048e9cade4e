// Runs before the first paint, so that a page in the dark theme never flashes white. Kept out of index.html: the content
// security policy allows no inline script.
(function () {
	var root = document.documentElement;
	var read = function (key) {
		try {
			return localStorage.getItem(key);
		} catch {
			return null;
		}
	};
	var theme = read("skep.theme");
	if (theme !== "light" && theme !== "dark")
		theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
	root.dataset.theme = theme;
	var language = read("skep.language") || navigator.language || "en";
	root.lang = /^zh/i.test(language) ? "zh-CN" : "en";
})();
