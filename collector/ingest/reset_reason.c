// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/reset_reason.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define CLASS(name) MU__RESET_CLASS__RESET_##name

// By esp_reset_reason_t.
static const Mu__ResetClass classes[] = {
	CLASS(UNKNOWN),   // ESP_RST_UNKNOWN
	CLASS(POWER_ON),  // ESP_RST_POWERON
	CLASS(EXTERNAL),  // ESP_RST_EXT
	CLASS(SOFTWARE),  // ESP_RST_SW
	CLASS(CRASH),     // ESP_RST_PANIC
	CLASS(HANG),      // ESP_RST_INT_WDT
	CLASS(HANG),      // ESP_RST_TASK_WDT
	CLASS(HANG),      // ESP_RST_WDT
	CLASS(SLEEP),     // ESP_RST_DEEPSLEEP
	CLASS(BROWN_OUT), // ESP_RST_BROWNOUT
	CLASS(EXTERNAL),  // ESP_RST_SDIO
	CLASS(DEBUG),     // ESP_RST_USB
	CLASS(DEBUG),     // ESP_RST_JTAG
	CLASS(HARDWARE),  // ESP_RST_EFUSE
	CLASS(BROWN_OUT), // ESP_RST_PWR_GLITCH
	CLASS(CRASH),     // ESP_RST_CPU_LOCKUP
};

enum { CLASSES = sizeof classes / sizeof *classes };

// Letters and digits only, in lower case; a leading "esprst" is taken off before.
static const struct {
	const char *word;
	uint8_t raw;
} words[] = {
	{ "unknown", 0 },
	{ "poweron", 1 },
	{ "poweronreset", 1 },
	{ "ext", 2 },
	{ "external", 2 },
	{ "externalpin", 2 },
	{ "externalsystem", 2 }, // ESP8266
	{ "sw", 3 },
	{ "software", 3 },
	{ "softwarereset", 3 },
	{ "softwarerestart", 3 },
	{ "softwaresystemrestart", 3 }, // ESP8266
	{ "restart", 3 },
	{ "panic", 4 },
	{ "crash", 4 },
	{ "exception", 4 }, // ESP8266
	{ "exceptionpanic", 4 },
	{ "softwarepanic", 4 },
	{ "intwdt", 5 },
	{ "interruptwatchdog", 5 },
	{ "taskwdt", 6 },
	{ "taskwatchdog", 6 },
	{ "softwarewatchdog", 6 }, // ESP8266
	{ "wdt", 7 },
	{ "watchdog", 7 },
	{ "otherwatchdog", 7 },
	{ "hardwarewatchdog", 7 }, // ESP8266
	{ "deepsleep", 8 },
	{ "deepsleepwake", 8 }, // ESP8266
	{ "brownout", 9 },
	{ "brownoutreset", 9 },
	{ "sdio", 10 },
	{ "usb", 11 },
	{ "jtag", 12 },
	{ "efuse", 13 },
	{ "pwrglitch", 14 },
	{ "powerglitch", 14 },
	{ "cpulockup", 15 },
};

static const struct {
	const char *name;
	Mu__ResetClass reset_class;
} names[] = {
	{ "unknown", CLASS(UNKNOWN) },
	{ "power_on", CLASS(POWER_ON) },
	{ "external", CLASS(EXTERNAL) },
	{ "software", CLASS(SOFTWARE) },
	{ "sleep", CLASS(SLEEP) },
	{ "debug", CLASS(DEBUG) },
	{ "crash", CLASS(CRASH) },
	{ "hang", CLASS(HANG) },
	{ "brown_out", CLASS(BROWN_OUT) },
	{ "hardware", CLASS(HARDWARE) },
};

// The next character that counts, in lower case; 0 at the end.
static int next(const char **text)
{
	while (**text && !isalnum((unsigned char)**text))
		(*text)++;
	return **text ? tolower((unsigned char)*(*text)++) : 0;
}

bool reset_reason_is_same(const char *one, const char *other)
{
	for (;;) {
		int a = next(&one), b = next(&other);
		if (a != b)
			return false;
		if (!a)
			return true;
	}
}

// Behind a leading "ESP_RST_" however it is written, or the text itself.
static const char *without_prefix(const char *text)
{
	const char *at = text;
	for (const char *prefix = "esprst"; *prefix; prefix++)
		if (next(&at) != *prefix)
			return text;
	return at;
}

struct reset_reason reset_reason_of_number(uint32_t raw)
{
	return (struct reset_reason){ raw, raw < CLASSES ? classes[raw] : CLASS(UNKNOWN) };
}

bool reset_reason_of_text(const char *text, struct reset_reason *reason)
{
	const char *word = without_prefix(text);
	*reason = reset_reason_of_number(0);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!reset_reason_is_same(word, words[i].word))
			continue;
		*reason = reset_reason_of_number(words[i].raw);
		return true;
	}
	return false;
}

int reset_class_find(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name) == 0)
			return (int)names[i].reset_class;
	return -1;
}

const char *reset_class_names(void)
{
	return "unknown, power_on, external, software, sleep, debug, crash, hang, brown_out, hardware";
}
