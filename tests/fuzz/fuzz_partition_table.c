// SPDX-License-Identifier: Apache-2.0
// Partition tables: whatever parses stays inside the flash, and is read the same after it was written again.
#include "agent/image/partition_table.h"
#include <stdlib.h>
#include <string.h>

enum { FLASH_SIZE = 0x400000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mu_partition_table table, again;
	uint8_t bytes[MU_PARTITION_TABLE_SIZE];
	unsigned index;
	if (mu_partition_table_parse(&table, data, size, FLASH_SIZE, 0) < 0)
		return 0;
	must(table.count <= MU_PARTITION_MAX);
	for (unsigned i = 0; i < table.count; i++) {
		must(table.partitions[i].offset <= FLASH_SIZE);
		must(table.partitions[i].size <= FLASH_SIZE - table.partitions[i].offset);
		must(strlen(table.partitions[i].label) <= MU_PARTITION_LABEL_MAX);
	}
	mu_partition_table_check(&table, FLASH_SIZE, &index);
	must(mu_partition_table_app_count(&table) <= table.count);
	// A table of nothing but an MD5 record parses; written again it would begin with its end.
	if (!table.count || mu_partition_table_write(&table, bytes, sizeof bytes, 0) < 0)
		return 0;
	must(mu_partition_table_parse(&again, bytes, sizeof bytes, FLASH_SIZE, 0) == 0);
	must(again.count == table.count);
	return 0;
}
