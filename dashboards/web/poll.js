// SPDX-License-Identifier: Apache-2.0
// Asks again and again while the page is seen: one question at a time, none while the tab is hidden, at once when it is seen again.

// load(): a promise; its failure is told to failed(error), and the next try comes as usual. Returns {now(), stop()}.
export function poll(interval_ms, load, failed) {
	let timer = 0, is_stopped = false, is_loading = false, is_wanted = false;

	async function run() {
		clearTimeout(timer);
		if (is_stopped || document.hidden)
			return;
		if (is_loading) {
			is_wanted = true;
			return;
		}
		is_loading = true;
		try {
			await load();
		} catch (error) {
			if (!is_stopped)
				failed(error);
		}
		is_loading = false;
		if (is_stopped)
			return;
		timer = setTimeout(run, is_wanted ? 0 : interval_ms);
		is_wanted = false;
	}

	document.addEventListener("visibilitychange", run);
	run();
	return {
		now: run,
		stop() {
			is_stopped = true;
			clearTimeout(timer);
			document.removeEventListener("visibilitychange", run);
		},
	};
}
