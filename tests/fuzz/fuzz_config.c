// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration: either good, then within the table's ranges, or refused with errors and nothing changed.
#include "collector/config.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_errors errors;
	struct config config, before;
	config_defaults(&config);
	memcpy(&before, &config, sizeof config);
	int result = config_parse(&config, "fuzz", data, size, &errors);
	if ((result == 0) != (errors.count == 0))
		abort();
	// Padding counts as well: nothing at all may be written.
	if (result < 0 && memcmp(&config, &before, sizeof config) != 0) // NOLINT(bugprone-suspicious-memory-comparison): see above
		abort();
	if (result == 0 && (config.broker.keepalive_s < 10 || config.ingest.commit_interval_ms > 1000 || config.log.level > 3))
		abort();
	return 0;
}
