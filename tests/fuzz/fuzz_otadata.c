// SPDX-License-Identifier: Apache-2.0
// otadata: 32 bytes of entry A, 32 of entry B, one byte that picks slot and slot count. Any change leaves the wanted slot active.
#include "agent/image/otadata.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void apply(struct mu_otadata *otadata, const struct mu_otadata_change *change)
{
	must(change->count <= 2);
	for (unsigned i = 0; i < change->count; i++) {
		must(change->operations[i].sector < 2);
		if (change->operations[i].write)
			otadata->entry[change->operations[i].sector] = change->operations[i].entry;
	}
}

static void check_active(const struct mu_otadata *otadata, unsigned slot, unsigned slot_count)
{
	int active = mu_otadata_select(otadata);
	must(active >= 0);
	must(mu_otadata_slot(&otadata->entry[active], slot_count) == slot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mu_otadata otadata, changed;
	struct mu_otadata_change change;
	uint32_t state;
	if (size < 2 * MU_OTADATA_ENTRY_SIZE + 1)
		return 0;
	for (unsigned i = 0; i < 2; i++)
		mu_otadata_decode(&otadata.entry[i], data + i * MU_OTADATA_ENTRY_SIZE);
	// Powers of two: where the count divides 2^32, seq 0 is in line with the others.
	unsigned slot_count = 1u << data[64] % 5;
	unsigned slot = data[64] / 5 % slot_count;
	mu_otadata_slot_state(&otadata, slot, slot_count, &state);
	int rollback = mu_otadata_rollback_slot(&otadata, slot_count, data[64] & 1);
	must(rollback < (int)slot_count && rollback >= MU_SLOT_NONE);
	changed = otadata;
	if (mu_otadata_set_boot(&otadata, slot, slot_count, MU_OTADATA_NEW, &change) == 0) {
		apply(&changed, &change);
		check_active(&changed, slot, slot_count);
	}
	changed = otadata;
	if (mu_otadata_repair(&otadata, slot, slot_count, &change) == 0) {
		apply(&changed, &change);
		check_active(&changed, slot, slot_count);
	}
	changed = otadata;
	if (mu_otadata_mark_invalid(&otadata, &change) == 0) {
		apply(&changed, &change);
		must(mu_otadata_select(&changed) != mu_otadata_select(&otadata));
	}
	return 0;
}
