// SPDX-License-Identifier: Apache-2.0
// What a record says, as one line for a person: the words that lists, marks and evidence share.
//
// Text of the device may be in it: escape before showing. Pure. Thread: any.
#ifndef COLLECTOR_HTTP_RECORD_TEXT_H
#define COLLECTOR_HTTP_RECORD_TEXT_H
#include <stddef.h>
#include "collector/fleet/device.h"
#include "muster.pb-c.h"

enum { RECORD_TEXT_BYTES = 512 };

// "lost: beacon_timeout (200), -57 dBm, channel 1". Empty for what has no body that is known here.
void record_text(const Mu__Record *record, char *text, size_t size);

// "crash in task net at 0x400d1234, after 12 s": the reset that it began with, and how long the boot before had run.
void boot_text(const struct device_boot *boot, char *text, size_t size);

// "lost its link: beacon_timeout (200)"
void loss_text(const struct device_loss *loss, char *text, size_t size);

// "no_ap_found (201) 7 times"
void reason_text(const struct device_reason *reason, char *text, size_t size);

// "1536 bytes, tls: internal RAM that a network step does not give back, a reconnect cycle"
void notice_text(const struct device_notice *notice, char *text, size_t size);

#endif
