// SPDX-License-Identifier: Apache-2.0
// Light or dark: as the system says, until the button is used; then as chosen, also next time. Runs before the first paint, so it is no module.
// Who draws with colours of the theme listens to "themechange" of the document.
(() => {
	"use strict";
	const system = matchMedia("(prefers-color-scheme: dark)");
	const root = document.documentElement;

	// Storage may be forbidden; then a choice lasts until the page is left.
	function chosen() {
		try {
			return localStorage.getItem("muster.theme");
		} catch {
			return null;
		}
	}

	function keep(theme) {
		try {
			localStorage.setItem("muster.theme", theme);
		} catch {
			return;
		}
	}

	function apply(theme) {
		root.dataset.theme = theme;
		document.dispatchEvent(new Event("themechange"));
	}

	apply(chosen() ?? (system.matches ? "dark" : "light"));
	system.addEventListener("change", () => {
		if (!chosen())
			apply(system.matches ? "dark" : "light");
	});
	addEventListener("DOMContentLoaded", () => {
		document.getElementById("theme").addEventListener("click", () => {
			const theme = root.dataset.theme === "dark" ? "light" : "dark";
			keep(theme);
			apply(theme);
		});
	});
})();
