// SPDX-License-Identifier: Apache-2.0
// The words for a reset reason that sketches and tutorials send, as the class and the code of ESP-IDF: "ESP_RST_PANIC", "panic", "PANIC",
// "Software/System restart" of the ESP8266 core, or the number of esp_reset_reason_t itself. Case and all but letters and digits do not count.
// Pure.
#ifndef COLLECTOR_INGEST_RESET_REASON_H
#define COLLECTOR_INGEST_RESET_REASON_H
#include <stdbool.h>
#include <stdint.h>
#include "muster.pb-c.h"

struct reset_reason {
	uint32_t raw; // esp_reset_reason_t; 0 where only the class is known
	Mu__ResetClass reset_class;
};

// false: the word is not known; *reason is then unknown.
bool reset_reason_of_text(const char *text, struct reset_reason *reason);
struct reset_reason reset_reason_of_number(uint32_t raw);

// A class by its name in muster.proto in lower case without prefix ("brown_out"); -1: no such.
int reset_class_find(const char *name);
// Their names, separated by ", ".
const char *reset_class_names(void);

// Whether two words are the same but for case and punctuation.
bool reset_reason_is_same(const char *one, const char *other);

#endif
