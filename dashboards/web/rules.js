// SPDX-License-Identifier: Apache-2.0
// The rules in force, each with its runbook, and what was wrong with the last files that were read.
import { get } from "./api.js";
import { h, region } from "./dom.js";
import { age, count, duration, text } from "./format.js";
import { link } from "./route.js";
import { poll } from "./poll.js";
import { badge } from "./badge.js";
import { show_answered, show_trouble } from "./status.js";

const every_ms = 5000;

export function title() {
	return "Rules";
}

function clause(name, said) {
	return said ? [h("dt", {}, name), h("dd", {}, said)] : [];
}

function timing({ for_ms, keep_firing_for_ms: keep_ms }) {
	const begin = for_ms ? `true for ${duration(for_ms / 1000)}` : "at once";
	return keep_ms ? `${begin}, kept for ${duration(keep_ms / 1000)} after` : begin;
}

function severity_text({ severity, severity_most: most }) {
	return most && most !== severity ? `${severity} to ${most}` : severity ?? "none";
}

function rule_children(rule) {
	return [h("p", { className: "faint" }, text(rule.summary)), h("dl", {}, clause("Symptom", rule.symptom), clause("Likely cause", rule.cause),
		clause("What to do", rule.remedy), clause("Fires", timing(rule)), clause("Where", `${rule.file}:${rule.line}, group ${rule.group}`)),
	h("pre", {}, h("code", {}, rule.expr))];
}

function counts_children({ name, firing, pending }) {
	return [firing ? h("a", { href: link("", { alert: name }) }, `${count(firing)} firing`) : "", pending ? ` ${count(pending)} pending` : "",
		firing || pending ? "" : h("span", { className: "faint" }, "quiet")];
}

// One rule without its counts, so that an open one stays as it is while they change.
function rule_item(rule, source, is_open) {
	const counts = region(h("span", { className: "rule-counts" }), counts_children);
	const element = h("details", { className: "rule", open: is_open }, h("summary", {}, badge(rule.severity, severity_text(rule)), " ",
		h("strong", {}, rule.name)), counts.element, rule_children(rule));
	return { element, counts, source };
}

function problems_children({ problems, loaded_ms }) {
	return [problems.length ? h("div", { className: "note bad", role: "alert" }, h("p", {}, h("strong", {},
		"The rule files could not be taken over; the rules below stay in force.")), h("pre", {}, problems.join("\n"))) : null,
	h("p", { className: "faint" }, "In force since ", age(loaded_ms))];
}

export function mount(root, place) {
	const items = new Map();
	const problems = region(h("div", {}), problems_children);
	const list = h("div", { className: "rules" });
	root.append(h("div", { className: "head" }, h("h1", {}, "Rules")), h("section", { className: "panel", "aria-label": "Rules" }, problems.element, list));

	// A rule that has changed with a reload comes last; the order is no meaning.
	function show_rule({ firing, pending, ...rule }) {
		const before = items.get(rule.uid), source = JSON.stringify(rule);
		const item = before?.source === source ? before : rule_item(rule, source, before ? before.element.open : rule.name === place.parameters.name);
		item.counts.show({ name: rule.name, firing, pending });
		if (item === before)
			return;
		before?.element.remove();
		items.set(rule.uid, item);
		list.append(item.element);
	}

	function show(rules) {
		rules.forEach(show_rule);
		const uids = new Set(rules.map((rule) => rule.uid));
		for (const [uid, item] of items) {
			if (!uids.has(uid)) {
				item.element.remove();
				items.delete(uid);
			}
		}
	}

	async function load() {
		const answer = await get("/api/v1/rules");
		problems.show({ problems: answer.problems, loaded_ms: answer.loaded_ms });
		const is_first = items.size === 0;
		show(answer.rules);
		if (is_first)
			list.querySelector("details[open]")?.scrollIntoView();
		show_answered();
	}

	const polling = poll(every_ms, load, show_trouble);
	return {
		update: () => null,
		fleet: () => null,
		unmount: polling.stop,
	};
}
