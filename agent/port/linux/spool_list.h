// SPDX-License-Identifier: Apache-2.0
// Shows what still lies in the spool of a flash that no device runs on. One line an entry that is not acked, fields divided by one
// blank:
//   spool ID EPOCH SEQ COUNT KIND SHA    as in sent_log.h
//   end ID EPOCH NEXT ACKED              the next number to be given out, and through which number all are acked
#ifndef MU_PORT_LINUX_SPOOL_LIST_H
#define MU_PORT_LINUX_SPOOL_LIST_H
#include "agent/port/linux/flash_image.h"
#include <stdio.h>

// id: for the lines only. Returns 0 or the error of the flash or the spool.
int mu_spool_list(struct mu_flash_image *flash, const char *id, FILE *out);

#endif
