// SPDX-License-Identifier: Apache-2.0
// Tables that become cards where the screen is narrow (class "cards" of style.css). The roles are said again, because a browser forgets those of
// a table that is not laid out as one.
import { h } from "./dom.js";

// label: what stands before the value in a card; "" for none.
export function cell(className, label, ...children) {
	return h("td", { className, "role": "cell", "data-label": label || null }, ...children);
}

export function row(...cells) {
	return h("tr", { role: "row" }, ...cells);
}

export function column(name, className, attributes = {}, ...children) {
	return h("th", { scope: "col", role: "columnheader", className, ...attributes }, ...(children.length ? children : [name]));
}

// head: the row of column()s; body: a <tbody> to be filled.
export function cards(caption, className, head, body) {
	body.setAttribute("role", "rowgroup");
	return h("table", { className: `cards ${className}`, role: "table" }, h("caption", { className: "unseen" }, caption),
		h("thead", { role: "rowgroup" }, head), body);
}

// A whole table at once, or a sentence if there are no rows. columns: [name, class] each.
export function fixed_table(caption, columns, rows, empty) {
	if (!rows.length)
		return h("p", { className: "faint" }, empty);
	return cards(caption, "", row(columns.map(([name, className = ""]) => column(name, className))), h("tbody", {}, rows));
}
