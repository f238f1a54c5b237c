// SPDX-License-Identifier: Apache-2.0
// Lines across a chart where something happened. A kind has its own dashes, for those who do not tell colours apart.

export const kinds = [
	{ kind: "boot", name: "Boot", colour: "--mark-boot", dashes: [2, 3] },
	{ kind: "ota", name: "Update", colour: "--mark-ota", dashes: [8, 3] },
	{ kind: "alert", name: "Alert", colour: "--mark-alert", dashes: [] },
	{ kind: "link", name: "Connection", colour: "--mark-link", dashes: [1, 5] },
];

export function mark_name(kind) {
	return kinds.find((row) => row.kind === kind)?.name ?? kind;
}

// context, area and graph: as dygraphs gives them to underlayCallback. colour(name): the value of a custom property.
export function draw_marks(context, area, graph, marks, colour) {
	const [from_ms, to_ms] = graph.xAxisRange();
	context.save();
	context.lineWidth = 1;
	for (const { kind, colour: name, dashes } of kinds) {
		context.strokeStyle = colour(name);
		context.setLineDash(dashes);
		context.beginPath();
		for (const mark of marks) {
			if (mark.kind !== kind || mark.at_ms < from_ms || mark.at_ms > to_ms)
				continue;
			const x = Math.round(graph.toDomXCoord(mark.at_ms)) + 0.5;
			context.moveTo(x, area.y);
			context.lineTo(x, area.y + area.h);
		}
		context.stroke();
	}
	context.restore();
}
