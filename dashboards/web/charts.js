// SPDX-License-Identifier: Apache-2.0
// The charts of one device over a range of time, drawn by dygraphs, with one zoom for all; boots, updates and alerts are lines across them.
import { device_path, get } from "./api.js";
import { h, region } from "./dom.js";
import { bytes, clock, count, date_and_clock, dbm, moment, server_now_ms } from "./format.js";
import { device_link, go } from "./route.js";
import { poll } from "./poll.js";
import { badge } from "./badge.js";
import { show_error, show_trouble } from "./status.js";
import { draw_marks, kinds, mark_name } from "./marks.js";

const points = 500;
const pieces_max = 40; // of one answer that musterd gives in parts
const gap_factor = 4;  // a hole of so many usual distances is a hole in the line, too
const gap_least_ms = 60000;
const zoom_least_ms = 2000;

const ranges = {
	"15m": { name: "15 min", ms: 900e3, every_ms: 3000 },
	"1h": { name: "1 h", ms: 3600e3, every_ms: 5000 },
	"6h": { name: "6 h", ms: 6 * 3600e3, every_ms: 15000 },
	"24h": { name: "24 h", ms: 24 * 3600e3, every_ms: 60000 },
	"7d": { name: "7 d", ms: 7 * 24 * 3600e3, every_ms: 300000 },
};
const default_range = "1h";

// A chart: its lines by metric, and how a value is written. Colours are those of style.css: --line-1 and so on.
const charts = [
	{ name: "Heap", show: bytes, tick: (value) => bytes(value).replace(".0 ", " "), binary: true, from_zero: true,
		lines: [["heap_free_bytes", "free"], ["heap_min_bytes", "least since boot"], ["heap_largest_bytes", "largest block"]] },
	{ name: "Signal", show: dbm, from_zero: false, lines: [["rssi_dbm", "strength"]] },
	{ name: "Sockets", show: count, from_zero: true, lines: [["sockets_open", "open"]], limit: "sockets_limit" },
	{ name: "Spool", show: (value) => `${count(value)} records`, tick: count, from_zero: true, lines: [["spool_records", "not yet acknowledged"]] },
];
const metrics = charts.flatMap((chart) => chart.lines.map(([metric]) => metric));

// dygraphs' own legend writes style attributes, which the page's policy forbids; the values are shown above each chart instead.
if (window.Dygraph)
	window.Dygraph.PLUGINS = window.Dygraph.PLUGINS.filter((plugin) => String(plugin.prototype) !== "Legend Plugin");

// A finger on a chart must be able to scroll the page; zoom is for those who have a mouse.
function interactions(show_all) {
	const all = Object.entries(window.Dygraph.defaultInteractionModel);
	return { ...Object.fromEntries(all.filter(([name]) => !name.startsWith("touch"))), dblclick: show_all };
}

function colour(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function line_colours(chart) {
	return chart.lines.map((line, index) => colour(`--line-${index + 1}`));
}

function axis_time(date, granularity, options, dygraph) {
	const [from, to] = dygraph.xAxisRange();
	return to - from > 36 * 3600e3 ? date_and_clock(date).slice(5, 16) : clock(date).slice(0, to - from < 600e3 ? 8 : 5);
}

// Rows of one chart, as dygraphs wants them; where nothing came for long, a row that breaks the lines.
function rows_of(history, chart) {
	const columns = chart.lines.map(([metric]) => history.metrics.indexOf(metric) + 1);
	const gaps = history.rows.slice(1).map((row, index) => row[0] - history.rows[index][0]).sort((a, b) => a - b);
	const hole_ms = Math.max(gap_least_ms, gap_factor * (gaps[gaps.length >> 1] ?? 0));
	const rows = [];
	let before_ms = null;
	for (const row of history.rows) {
		if (before_ms !== null && row[0] - before_ms > hole_ms)
			rows.push([new Date(before_ms + 1), ...columns.map(() => NaN)]);
		rows.push([new Date(row[0]), ...columns.map((column) => (column ? row[column] : null))]);
		before_ms = row[0];
	}
	return rows;
}

function has_values(rows) {
	return rows.some((row) => row.slice(1).some((value) => value !== null && !Number.isNaN(value)));
}

// A history that came in parts is one: older rows and marks before those that are there.
async function load_history(id, since_ms, until_ms) {
	const parameters = { metrics: metrics.join(","), since_ms, until_ms, points };
	let whole = await get(`${device_path(id)}/history`, parameters), part = whole;
	for (let pieces = 1; part.truncated && part.next !== null && pieces < pieces_max; pieces++) {
		part = await get(`${device_path(id)}/history`, { ...parameters, before: part.next });
		whole = { ...whole, rows: [...part.rows, ...whole.rows], marks: [...part.marks, ...whole.marks] };
	}
	return whole;
}

// One chart: heading with the latest (or pointed at) values, and the drawing. zoomed(from_ms, to_ms), or (null, null): all again.
function chart_box(chart, zoomed) {
	const values = chart.lines.map((line, index) => h("span", { className: `series line-${index + 1}` }));
	const when = h("span", { className: "faint" });
	const limit = h("span", { className: "faint" });
	const drawing = h("div", { className: "drawing", role: "img" });
	const empty = h("p", { className: "faint", hidden: true }, "No values in this range.");
	const element = h("figure", { className: "chart" }, h("figcaption", {}, h("strong", {}, chart.name), values, limit, when), drawing, empty);
	let graph = null, latest = [], history = null;

	function show_values(given, at_ms) {
		chart.lines.forEach(([, name], index) => {
			values[index].textContent = `${name} ${chart.show(given[index])}`;
		});
		when.replaceChildren(at_ms ? `at ${clock(at_ms)}` : "now");
	}

	function options() {
		const value_of = (given, name) => given.find((point) => point.name === name)?.yval ?? null;
		return {
			labels: ["Time", ...chart.lines.map(([, name]) => name)], colors: line_colours(chart), strokeWidth: 1.6, connectSeparatedPoints: true,
			includeZero: chart.from_zero, xRangePad: 0, yRangePad: 8, dateWindow: [history.since_ms, history.until_ms], legend: "never",
			axisLineColor: colour("--edge"), gridLineColor: colour("--grid"), axisLabelFontSize: 12, highlightCircleSize: 3,
			axes: {
				x: { axisLabelFormatter: axis_time, pixelsPerLabel: 70 },
				y: { axisLabelFormatter: (value) => (chart.tick ?? chart.show)(value), axisLabelWidth: 70, pixelsPerLabel: 28,
					labelsKMG2: chart.binary === true },
			},
			interactionModel: interactions(() => zoomed(null, null)), zoomCallback: zoomed,
			underlayCallback: (context, area, drawn) => draw_marks(context, area, drawn, history.marks, colour),
			highlightCallback: (event, x, given) => show_values(chart.lines.map(([, name]) => value_of(given, name)), x),
			unhighlightCallback: () => show_values(latest, null),
		};
	}

	return {
		element,
		graph: () => graph,
		// Returns whether there is something to draw.
		show(next) {
			history = next;
			const rows = rows_of(history, chart);
			const is_full = has_values(rows);
			latest = chart.lines.map(([metric]) => history.rows.findLast((row) => row[history.metrics.indexOf(metric) + 1] !== null)
				?.[history.metrics.indexOf(metric) + 1] ?? null);
			show_values(latest, null);
			const was_hidden = drawing.hidden;
			drawing.hidden = !is_full;
			empty.hidden = is_full;
			drawing.setAttribute("aria-label", `${chart.name} over time; ${values.map((value) => value.textContent).join(", ")}`);
			if (!is_full)
				return false;
			if (graph && was_hidden)
				graph.resize(); // the window may have another width by now
			if (graph)
				graph.updateOptions({ file: rows, dateWindow: [history.since_ms, history.until_ms], valueRange: null });
			else
				graph = new window.Dygraph(drawing, rows, options());
			return true;
		},
		show_limit(all) {
			limit.textContent = chart.limit && all[chart.limit] ? `of ${count(all[chart.limit].value)}` : "";
		},
		recolour() {
			graph?.updateOptions({ colors: line_colours(chart), axisLineColor: colour("--edge"), gridLineColor: colour("--grid") });
		},
		drop() {
			graph?.destroy();
			graph = null;
		},
	};
}

function mark_row(mark) {
	return h("li", {}, moment(mark.at_ms), " ", badge(mark.severity ?? "none", mark_name(mark.kind)), " ", mark.text);
}

function marks_children(marks) {
	if (!marks.length)
		return [h("p", { className: "faint" }, "No boot, update or alert in this range.")];
	return [h("ul", { className: "marks" }, marks.toReversed().map(mark_row))];
}

function range_link(id, name, current) {
	return h("a", { className: "step", href: device_link(id, { range: name }), "aria-current": name === current ? "true" : null }, ranges[name].name);
}

function legend() {
	return h("ul", { className: "legend", "aria-label": "Lines across the charts" }, kinds.map(({ kind, name }) => h("li", {},
		h("span", { className: `stroke ${kind}`, "aria-hidden": "true" }), name)));
}

// What the hash asks for: a range up to now, or from .. to (Unix milliseconds), which is what one zooms into.
function asked_for({ range, from, to }) {
	const name = ranges[range] ? range : default_range;
	const from_ms = Number(from), to_ms = Number(to);
	const is_zoomed = Number.isInteger(from_ms) && Number.isInteger(to_ms) && from_ms > 0 && to_ms - from_ms >= zoom_least_ms;
	return is_zoomed ? { name, from_ms, to_ms } : { name, from_ms: null, to_ms: null };
}

function zoom_children({ id, name, from_ms, to_ms }) {
	if (from_ms === null)
		return [h("span", { className: "faint" }, "Drag to zoom, double-click to see all.")];
	return [h("a", { className: "filter", id: "zoom-out", href: device_link(id, { range: name }), title: "See all" },
		`${date_and_clock(from_ms)} to ${clock(to_ms)}`, h("span", { "aria-hidden": "true" }, " ×"))];
}

// Begins with the first update(place), which must not come before the charts are seen: a drawing takes its size from its place.
export function chart_section(id) {
	let asked = null, shown = null, polling = null, sync = null;
	const boxes = charts.map((chart) => chart_box(chart, zoomed));
	const choice = h("nav", { className: "pager", "aria-label": "Range of time" });
	const error = h("div", {});
	const zoom = region(h("p", { className: "hint" }), zoom_children);
	const marks = region(h("div", {}), marks_children);
	const marks_box = h("details", {}, h("summary", {}, "What happened in this range"), marks.element);
	const element = h("section", { className: "panel", "aria-label": "Charts" }, h("div", { className: "toolbar" }, h("h2", {}, "Over time"), choice),
		h("div", { className: "toolbar" }, legend(), zoom.element), error, boxes.map((box) => box.element), marks_box);

	// The zoom is a place of its own: it can be sent to a colleague, "back" leaves it, and it is drawn from all the values that there are.
	function zoomed(from_ms, to_ms) {
		if (from_ms === null)
			go(device_link(id, { range: asked.name }));
		else if (shown && to_ms - from_ms < 0.98 * (shown.until_ms - shown.since_ms)) // else only the height was zoomed
			go(device_link(id, { range: asked.name, from: Math.floor(from_ms), to: Math.floor(Math.max(to_ms, from_ms + zoom_least_ms)) }));
	}

	function show(history) {
		sync?.detach();
		sync = null;
		shown = history;
		boxes.forEach((box) => box.show(history));
		const graphs = boxes.map((box) => box.graph()).filter(Boolean);
		if (graphs.length > 1)
			sync = window.Dygraph.synchronize(graphs, { zoom: true, selection: true, range: false });
		marks.show(history.marks);
	}

	async function load() {
		const wanted = asked;
		const until_ms = wanted.to_ms ?? Math.round(server_now_ms());
		const history = await load_history(id, wanted.from_ms ?? until_ms - ranges[wanted.name].ms, until_ms);
		show_error(error, null);
		if (wanted === asked && element.isConnected)
			show(history);
	}

	function failed(problem) {
		if (problem.status >= 400 && problem.status < 500)
			show_error(error, problem);
		else
			show_trouble(problem);
	}

	function update(next) {
		const wanted = asked_for(next.parameters);
		if (JSON.stringify(wanted) === JSON.stringify(asked))
			return;
		asked = wanted;
		choice.replaceChildren(...Object.keys(ranges).map((name) => range_link(id, name, asked.from_ms === null ? asked.name : "")));
		zoom.show({ id, ...asked });
		polling?.stop();
		polling = poll(ranges[asked.name].every_ms, load, failed);
	}

	function recolour() {
		boxes.forEach((box) => box.recolour());
	}

	document.addEventListener("themechange", recolour);
	return {
		element,
		update,
		show_limits: (all) => boxes.forEach((box) => box.show_limit(all)),
		stop() {
			polling?.stop();
			sync?.detach();
			document.removeEventListener("themechange", recolour);
			boxes.forEach((box) => box.drop());
		},
	};
}
