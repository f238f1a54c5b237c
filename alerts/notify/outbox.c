// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum {
	FIRST_SLOTS = 64,
	TURN_STEPS = 64,   // an interval is looked at in so many steps,
	STEP_LEAST_MS = 20, // but not more often than this
	EVICT_LOOKS = 1024, // what one put() may spend on finding room
};

enum list { URGENT, REFRESH, LISTS, NOWHERE = LISTS };

// An alert in the queues of one target.
struct link {
	uint32_t before, after;
	uint8_t list;
	bool is_refused;
};

struct queue {
	uint32_t first, last;
	size_t count;
};

struct kept {
	char *labels, *details; // one block; 0: the slot is free
	size_t bytes;
	uint64_t id, fired_ms, resolved_ms;
	uint64_t forget_ms; // of a resolved one
	uint32_t hash;
	uint32_t next; // in the chain of its hash, or of the free slots
	bool is_firing;
};

struct outbox {
	struct outbox_settings settings;
	struct kept *kept;
	struct link *links; // of slot s and target t: s * targets + t
	uint32_t slots, used, free, evict;
	size_t bytes, active;
	uint64_t next_id;
	uint32_t *chains; // a power of two of them; the turn goes through them once in an interval
	uint32_t chain_count;
	uint64_t begun_ms, turned; // when the first turn began, and how many chains had their turn since
	struct queue *queues; // of target t: t * LISTS + list
};

// ---- queues ----

static struct link *link_of(const struct outbox *outbox, unsigned target, uint32_t slot)
{
	return &outbox->links[(size_t)slot * outbox->settings.targets + target];
}

static struct queue *queue_of(const struct outbox *outbox, unsigned target, unsigned list)
{
	return &outbox->queues[target * LISTS + list];
}

static void unlink_from(struct outbox *outbox, unsigned target, uint32_t slot)
{
	struct link *link = link_of(outbox, target, slot);
	if (link->list == NOWHERE)
		return;
	struct queue *queue = queue_of(outbox, target, link->list);
	*(link->before == NONE ? &queue->first : &link_of(outbox, target, link->before)->after) = link->after;
	*(link->after == NONE ? &queue->last : &link_of(outbox, target, link->after)->before) = link->before;
	queue->count--;
	link->list = NOWHERE;
}

static void link_to(struct outbox *outbox, unsigned target, uint32_t slot, enum list list, bool is_front)
{
	struct link *link = link_of(outbox, target, slot);
	struct queue *queue = queue_of(outbox, target, list);
	link->list = (uint8_t)list;
	link->before = is_front ? NONE : queue->last;
	link->after = is_front ? queue->first : NONE;
	*(link->before == NONE ? &queue->first : &link_of(outbox, target, link->before)->after) = slot;
	*(link->after == NONE ? &queue->last : &link_of(outbox, target, link->after)->before) = slot;
	queue->count++;
}

// ---- slots and chains ----

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261U; // FNV-1a, and a last stir for the high bits that choose the turn
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	hash ^= hash >> 15;
	return hash * 2654435769U;
}

static uint32_t *chain_of(const struct outbox *outbox, uint32_t hash)
{
	return &outbox->chains[hash & (outbox->chain_count - 1)];
}

static uint32_t find(const struct outbox *outbox, uint32_t hash, const char *labels)
{
	uint32_t slot = *chain_of(outbox, hash);
	while (slot != NONE && (outbox->kept[slot].hash != hash || strcmp(outbox->kept[slot].labels, labels) != 0))
		slot = outbox->kept[slot].next;
	return slot;
}

static void forget(struct outbox *outbox, uint32_t slot)
{
	struct kept *kept = &outbox->kept[slot];
	uint32_t *at = chain_of(outbox, kept->hash);
	while (*at != slot)
		at = &outbox->kept[*at].next;
	*at = kept->next;
	for (unsigned target = 0; target < outbox->settings.targets; target++)
		unlink_from(outbox, target, slot);
	outbox->active -= kept->is_firing;
	outbox->bytes -= kept->bytes;
	outbox->used--;
	free(kept->labels);
	*kept = (struct kept){ .next = outbox->free };
	outbox->free = slot;
}

static bool grow(struct outbox *outbox)
{
	uint32_t slots = outbox->slots ? outbox->slots * 2 : FIRST_SLOTS;
	struct kept *kept = realloc(outbox->kept, slots * sizeof *kept);
	if (!kept)
		return false;
	outbox->kept = kept;
	struct link *links = realloc(outbox->links, (size_t)slots * outbox->settings.targets * sizeof *links);
	if (!links)
		return false;
	outbox->links = links;
	for (uint32_t slot = slots; slot-- > outbox->slots;) {
		kept[slot] = (struct kept){ .next = outbox->free };
		outbox->free = slot;
	}
	outbox->slots = slots;
	return true;
}

static bool is_untold(const struct outbox *outbox, uint32_t slot)
{
	for (unsigned target = 0; target < outbox->settings.targets; target++)
		if (link_of(outbox, target, slot)->list == URGENT)
			return true;
	return false;
}

static bool has_room(const struct outbox *outbox, size_t bytes, bool is_new)
{
	return outbox->used + is_new <= outbox->settings.alerts_max && outbox->bytes + bytes <= outbox->settings.bytes_max;
}

// Forgets resolved alerts that everybody was told of, until there is room. `but` is left alone.
static bool make_room(struct outbox *outbox, size_t bytes, bool is_new, uint32_t but)
{
	for (unsigned i = 0; i < EVICT_LOOKS && outbox->slots && !has_room(outbox, bytes, is_new); i++) {
		uint32_t slot = outbox->evict++ % outbox->slots;
		const struct kept *kept = &outbox->kept[slot];
		if (slot != but && kept->labels && !kept->is_firing && !is_untold(outbox, slot))
			forget(outbox, slot);
	}
	return has_room(outbox, bytes, is_new);
}

static uint32_t add(struct outbox *outbox, uint32_t hash)
{
	if (outbox->free == NONE && !grow(outbox))
		return NONE;
	uint32_t slot = outbox->free, *chain = chain_of(outbox, hash);
	outbox->free = outbox->kept[slot].next;
	outbox->kept[slot] = (struct kept){ .id = ++outbox->next_id, .hash = hash, .next = *chain };
	*chain = slot;
	outbox->used++;
	for (unsigned target = 0; target < outbox->settings.targets; target++)
		*link_of(outbox, target, slot) = (struct link){ .list = NOWHERE };
	return slot;
}

// ---- the contract ----

struct outbox *outbox_new(const struct outbox_settings *settings, uint64_t now_ms)
{
	struct outbox *outbox = calloc(1, sizeof *outbox);
	if (!outbox)
		return 0;
	*outbox = (struct outbox){ .settings = *settings, .free = NONE, .chain_count = 1, .begun_ms = now_ms };
	while (outbox->chain_count < settings->alerts_max)
		outbox->chain_count *= 2;
	outbox->chains = malloc(outbox->chain_count * sizeof *outbox->chains);
	outbox->queues = malloc((size_t)settings->targets * LISTS * sizeof *outbox->queues);
	if (!outbox->chains || !outbox->queues) {
		outbox_free(outbox);
		return 0;
	}
	memset(outbox->chains, 0xFF, outbox->chain_count * sizeof *outbox->chains); // NONE
	for (unsigned i = 0; i < settings->targets * LISTS; i++)
		outbox->queues[i] = (struct queue){ NONE, NONE, 0 };
	return outbox;
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (uint32_t slot = 0; slot < outbox->slots; slot++)
		free(outbox->kept[slot].labels);
	free(outbox->kept);
	free(outbox->links);
	free(outbox->chains);
	free(outbox->queues);
	free(outbox);
}

static void queue_news(struct outbox *outbox, uint32_t slot)
{
	for (unsigned target = 0; target < outbox->settings.targets; target++) {
		struct link *link = link_of(outbox, target, slot);
		link->is_refused = false;
		if (link->list == URGENT)
			continue;
		unlink_from(outbox, target, slot);
		link_to(outbox, target, slot, URGENT, false);
	}
}

int outbox_put(struct outbox *outbox, const struct outbox_alert *alert, uint64_t now_ms)
{
	uint32_t hash = hash_of(alert->labels), slot = find(outbox, hash, alert->labels);
	size_t label_bytes = strlen(alert->labels) + 1, detail_bytes = strlen(alert->details) + 1, bytes = label_bytes + detail_bytes;
	char *texts = make_room(outbox, bytes, slot == NONE, slot) ? malloc(bytes) : 0;
	if (texts && slot == NONE)
		slot = add(outbox, hash);
	if (!texts || slot == NONE) {
		free(texts);
		return -1;
	}
	memcpy(texts, alert->labels, label_bytes);
	memcpy(texts + label_bytes, alert->details, detail_bytes);
	struct kept *kept = &outbox->kept[slot];
	free(kept->labels);
	outbox->bytes += bytes - kept->bytes;
	outbox->active += (size_t)alert->is_firing - kept->is_firing;
	kept->labels = texts;
	kept->details = texts + label_bytes;
	kept->bytes = bytes;
	kept->is_firing = alert->is_firing;
	kept->fired_ms = alert->fired_ms;
	kept->resolved_ms = alert->resolved_ms;
	kept->forget_ms = now_ms + outbox->settings.keep_resolved_ms;
	queue_news(outbox, slot);
	return 0;
}

static void visit(struct outbox *outbox, uint32_t slot, uint64_t now_ms)
{
	const struct kept *kept = &outbox->kept[slot];
	if (!kept->is_firing && now_ms >= kept->forget_ms) {
		forget(outbox, slot);
		return;
	}
	for (unsigned target = 0; target < outbox->settings.targets; target++) {
		const struct link *link = link_of(outbox, target, slot);
		if (link->list == NOWHERE && !link->is_refused)
			link_to(outbox, target, slot, REFRESH, false);
	}
}

uint64_t outbox_tick(struct outbox *outbox, uint64_t now_ms)
{
	uint32_t resend_ms = outbox->settings.resend_ms, step_ms = resend_ms / TURN_STEPS;
	uint64_t due = (now_ms - outbox->begun_ms) * outbox->chain_count / resend_ms, turns = due - outbox->turned;
	if (turns > outbox->chain_count)
		turns = outbox->chain_count; // the loop stood still: each has its turn once
	for (outbox->turned = due - turns; outbox->turned < due; outbox->turned++) {
		uint32_t slot = outbox->chains[outbox->turned & (outbox->chain_count - 1)];
		while (slot != NONE) {
			uint32_t next = outbox->kept[slot].next;
			visit(outbox, slot, now_ms);
			slot = next;
		}
	}
	return now_ms + (step_ms > STEP_LEAST_MS ? step_ms : STEP_LEAST_MS);
}

unsigned outbox_take(struct outbox *outbox, unsigned target, struct outbox_item *items, unsigned most, size_t bytes)
{
	unsigned count = 0;
	size_t taken = 0;
	for (unsigned list = URGENT; list < LISTS; list++) {
		const struct queue *queue = queue_of(outbox, target, list);
		while (queue->first != NONE && count < most) {
			uint32_t slot = queue->first;
			taken += outbox->kept[slot].bytes;
			if (count && taken > bytes)
				return count;
			items[count++] = (struct outbox_item){ slot, outbox->kept[slot].id };
			unlink_from(outbox, target, slot);
		}
	}
	return count;
}

static bool is_there(const struct outbox *outbox, const struct outbox_item *item)
{
	assert(item->slot < outbox->slots);
	return outbox->kept[item->slot].labels && outbox->kept[item->slot].id == item->id;
}

bool outbox_look(const struct outbox *outbox, const struct outbox_item *item, struct outbox_alert *alert)
{
	const struct kept *kept = &outbox->kept[item->slot];
	if (!is_there(outbox, item))
		return false;
	*alert = (struct outbox_alert){ kept->labels, kept->details, kept->is_firing, kept->fired_ms, kept->resolved_ms };
	return true;
}

void outbox_back(struct outbox *outbox, unsigned target, const struct outbox_item *items, unsigned count)
{
	while (count-- > 0) {
		if (!is_there(outbox, &items[count]) || link_of(outbox, target, items[count].slot)->list == URGENT)
			continue;
		unlink_from(outbox, target, items[count].slot);
		link_to(outbox, target, items[count].slot, URGENT, true);
	}
}

void outbox_refuse(struct outbox *outbox, unsigned target, const struct outbox_item *item)
{
	if (!is_there(outbox, item) || link_of(outbox, target, item->slot)->list == URGENT)
		return; // gone, or something else by now
	unlink_from(outbox, target, item->slot);
	link_of(outbox, target, item->slot)->is_refused = true;
}

size_t outbox_active(const struct outbox *outbox)
{
	return outbox->active;
}

size_t outbox_waiting(const struct outbox *outbox, unsigned target)
{
	return queue_of(outbox, target, URGENT)->count + queue_of(outbox, target, REFRESH)->count;
}

size_t outbox_urgent(const struct outbox *outbox, unsigned target)
{
	return queue_of(outbox, target, URGENT)->count;
}
