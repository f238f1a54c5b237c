// SPDX-License-Identifier: Apache-2.0
// Makes elements. All text is set as text: a string of a device can never become markup, whatever it holds.

const properties = new Set(["className", "textContent", "value", "disabled", "hidden", "checked", "open", "type", "tabIndex"]);

// h("td", {className: "number", title: "..."}, child...): a child is a node, a text, or null (left out). on*: a listener.
export function h(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (properties.has(name))
			element[name] = value;
		else
			element.setAttribute(name, value === true ? "" : String(value));
	}
	element.append(...children.flat().filter((child) => child !== null && child !== undefined));
	return element;
}

export function by_id(id) {
	return document.getElementById(id);
}

// Shows items as children of parent, one each, in order. A child whose item is the same as before is left alone, so that focus, selection and
// the reader's place stay; if the one with the focus had to be made anew, its successor gets it.
export function render_list(parent, items, key_of, build) {
	const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
	const focused = parent.contains(document.activeElement) ? document.activeElement.closest("[data-key]") : null;
	items.forEach((item, index) => {
		const key = String(key_of(item)), source = JSON.stringify(item);
		let child = old.get(key);
		if (!child || child.source !== source) {
			const fresh = build(item);
			fresh.dataset.key = key;
			fresh.source = source;
			child?.replaceWith(fresh);
			child = fresh;
		}
		old.delete(key);
		if (parent.children[index] !== child)
			parent.insertBefore(child, parent.children[index] ?? null);
	});
	old.forEach((child) => child.remove());
	if (focused && !parent.contains(document.activeElement)) {
		const again = [...parent.children].find((child) => child.dataset.key === focused.dataset.key);
		(again?.querySelector("a, button") ?? again)?.focus({ preventScroll: true });
	}
}

// A place that is built anew only if what it shows has changed: show(data) calls build(data), which gives its children.
export function region(element, build) {
	let source = null;
	return {
		element,
		show(data) {
			const next = JSON.stringify(data);
			if (next !== source)
				element.replaceChildren(...build(data).flat().filter(Boolean));
			source = next;
		},
	};
}

let said_last = "";

// For those who hear the page.
export function announce(text) {
	if (text !== said_last)
		by_id("announcer").textContent = text;
	said_last = text;
}
