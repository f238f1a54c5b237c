// SPDX-License-Identifier: Apache-2.0
// The dialog of a rollback: what will be taken away and what comes back, the token, the device's id typed as confirmation, then what becomes
// of it, live. The token is kept for this tab only (sessionStorage), and dropped as soon as musterd refuses it.
import { ApiError, device_path, get, post } from "./api.js";
import { announce, by_id, h } from "./dom.js";
import { clock, text } from "./format.js";
import { show_error } from "./status.js";
import * as words from "./words.js";

const look_every_ms = 700;
const token_key = "muster.token";

function kept_token() {
	try {
		return sessionStorage.getItem(token_key) ?? "";
	} catch {
		return "";
	}
}

function keep_token(token) {
	try {
		if (token)
			sessionStorage.setItem(token_key, token);
		else
			sessionStorage.removeItem(token_key);
	} catch {
		return; // then it is asked for again
	}
}

function image(firmware, sha) {
	return [h("strong", {}, text(firmware)), " (", h("code", {}, sha), ")"];
}

function description({ id, firmware, ota }) {
	return h("dl", { className: "facts" }, h("dt", {}, "Device"), h("dd", {}, h("strong", {}, id)), h("dt", {}, "Taken away"),
		h("dd", {}, image(firmware, ota.running_sha)), h("dt", {}, "Comes back"), h("dd", {}, image(ota.other_firmware, ota.other_sha)));
}

function wait(ms) {
	return new Promise((done) => setTimeout(done, ms));
}

// The list of what has become of the command: each step once, with its time.
function progress(list) {
	let seen = null;
	return (command) => {
		if (command.state === seen)
			return;
		seen = command.state;
		const { meaning, remedy } = words.outcome(command.outcome);
		const step = words.steps.find(({ state }) => state === command.state);
		const is_bad = command.state in words.endings;
		const line = step?.text ?? words.endings[command.state] ?? command.state;
		list.append(h("li", { className: is_bad ? "bad" : command.state === "confirmed" ? "good" : "", "data-state": command.state },
			h("span", { className: "faint" }, clock(Date.now())), ` ${line}`,
			is_bad ? h("p", {}, [meaning, command.detail, remedy].filter(Boolean).join(" ")) : null));
		announce(line);
	};
}

// Looks until the command has ended or the dialog is closed; the command goes on without us.
async function follow(command_id, dialog, show, error) {
	while (dialog.open && error.isConnected) {
		try {
			const command = await get(`/api/v1/commands/${command_id}`);
			show_error(error, null);
			show(command);
			if (command.state === "confirmed" || command.state in words.endings)
				return;
		} catch (problem) {
			show_error(error, problem); // musterd may be restarting; it keeps the command
		}
		await wait(look_every_ms);
	}
}

function check_token(token) {
	if (!/^[\x21-\x7e]{1,256}$/.test(token))
		throw new ApiError(401, { what: "This is not a token", where: "token",
			remedy: "Make one with `musterd token add NAME` and paste it as it was printed." });
}

function fields(device) {
	const token = h("input", { type: "password", id: "rollback-token", autocomplete: "off", maxlength: 256, required: true, value: kept_token(),
		"aria-describedby": "rollback-token-hint" });
	const confirm = h("input", { type: "text", id: "rollback-confirm", autocomplete: "off", autocapitalize: "off", spellcheck: "false", required: true });
	const element = h("div", { className: "fields" }, h("label", { for: "rollback-token" }, "Token"), token,
		h("p", { className: "faint", id: "rollback-token-hint" }, "From ", h("code", {}, "musterd token add NAME"), "; kept until this tab is closed."),
		h("label", { for: "rollback-confirm" }, "Type ", h("code", {}, device.id), " to confirm"), confirm);
	return { element, token, confirm };
}

async function submit(device, token) {
	check_token(token);
	const body = { running_sha: device.ota.running_sha, target_sha: device.ota.other_sha };
	try {
		const answer = await post(`${device_path(device.id)}/rollback`, body, token);
		keep_token(token);
		return answer.id;
	} catch (problem) {
		if (problem.status === 401)
			keep_token("");
		throw problem;
	}
}

// device: {id, firmware, ota} as shown. after(): the command was given, or has ended.
export function open_rollback(device, after) {
	const dialog = by_id("rollback");
	const { element: inputs, token, confirm } = fields(device);
	const error = h("div", {});
	const list = h("ol", { className: "progress" });
	const go = h("button", { type: "submit", className: "danger", id: "rollback-go", disabled: true }, "Roll back");
	const leave = h("button", { type: "button", id: "rollback-close", onclick: () => dialog.close() }, "Cancel");
	const show = progress(list);

	function is_ready() {
		return confirm.value.trim() === device.id && token.value.trim() !== "";
	}

	async function run(event) {
		event.preventDefault();
		if (go.disabled || !is_ready())
			return;
		go.disabled = true;
		show_error(error, null);
		try {
			const id = await submit(device, token.value.trim());
			inputs.hidden = true;
			go.hidden = true;
			leave.textContent = "Close";
			leave.focus();
			after();
			await follow(id, dialog, show, error);
			after();
		} catch (problem) {
			show_error(error, problem);
			go.disabled = !is_ready();
		}
	}

	const form = h("form", { onsubmit: run, oninput() {
		go.disabled = !is_ready();
	} }, h("h2", { id: "rollback-title" }, "Roll back this device"), description(device),
	h("p", { className: "note" }, "The device restarts into the image that comes back and reports again after a moment."),
	inputs, error, list, h("div", { className: "buttons" }, leave, go));
	dialog.replaceChildren(form);
	dialog.showModal();
	(token.value ? confirm : token).focus();
}
