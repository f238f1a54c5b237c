// SPDX-License-Identifier: Apache-2.0
// The verdict about a device, then each finding: symptom, evidence, cause, remedy.
import { h, region } from "./dom.js";
import { moment } from "./format.js";
import { badge } from "./badge.js";
import * as words from "./words.js";

// "Likely cause: ..." Nothing if there is none.
function clause(name, said) {
	return said ? [h("dt", {}, name), h("dd", {}, said)] : [];
}

function evidence(list) {
	return h("ul", { className: "evidence" }, list.map(({ at_ms, text }) => h("li", {}, at_ms ? [moment(at_ms), " "] : null, text)));
}

function finding_item(finding) {
	const name = finding.source === "condition" ? words.state(finding.name) : finding.name;
	return h("li", { className: `finding ${finding.severity}` }, h("div", { className: "finding-head" }, badge(finding.severity, finding.severity),
		h("strong", {}, name), finding.since_ms ? h("span", { className: "faint" }, "since ", moment(finding.since_ms)) : null),
	h("dl", {}, clause("Symptom", finding.summary), finding.evidence.length ? clause("Evidence", evidence(finding.evidence)) : null,
		clause("Likely cause", finding.cause), clause("What to do", finding.remedy)));
}

function children({ verdict, findings, healthy_because: reasons = [] }) {
	return [h("p", { className: `verdict ${verdict.severity}` }, badge(verdict.severity, verdict.severity === "ok" ? "healthy" : verdict.severity),
		" ", verdict.text),
		findings.length ? h("ol", { className: "findings" }, findings.map(finding_item)) : null,
		reasons.length ? h("ul", { className: "evidence" }, reasons.map((reason) => h("li", {}, reason))) : null];
}

export function why_region() {
	return region(h("div", { className: "why" }), children);
}
