// SPDX-License-Identifier: Apache-2.0
// The partitions of a flash image as agent/port/port.h names them: the body of the port's struct mu_flash_port.
//
// Finds each partition in the table of the image by type and subtype; writes to a read-only one are refused.
// One thread at a time.
#ifndef MU_PORT_LINUX_FLASH_PARTITIONS_H
#define MU_PORT_LINUX_FLASH_PARTITIONS_H
#include "agent/image/partition_table.h"
#include "agent/port/linux/flash_image.h"
#include "agent/port/port.h"

struct mu_flash_partitions {
	struct mu_flash_image *flash;
	struct mu_partition_entry parts[MU_PART_COUNT]; // size 0: not in the table
	struct mu_partition_entry keyvalue;             // mu_kv, the virtual port's own
};

// Reads the partition table. Returns 0 or the error of mu_partition_table_parse() or of the flash.
int mu_flash_partitions_open(struct mu_flash_partitions *partitions, struct mu_flash_image *flash);

// As in struct mu_flash_port. MU_ERR_NOT_FOUND no such partition, MU_ERR_RANGE outside it, MU_ERR_AUTH read-only, else
// as mu_flash_read(), mu_flash_erase() and mu_flash_program().
int64_t mu_flash_partitions_size(const struct mu_flash_partitions *partitions, enum mu_partition part);
int mu_flash_partitions_read(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, void *out, size_t size);
int mu_flash_partitions_erase(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, size_t size);
int mu_flash_partitions_program(const struct mu_flash_partitions *partitions, enum mu_partition part, uint32_t offset, const void *data,
	size_t size);

#endif
