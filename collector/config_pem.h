// SPDX-License-Identifier: Apache-2.0
// The PEM files that a configuration names, looked at before they are needed: certificates and keys of the session with the broker and of the
// HTTP server, and musterd's own key. What they may be: signing/pem_file.h, signing/own_key.h. Kafka's are in its own file: kafka/profile.h.
#ifndef COLLECTOR_CONFIG_PEM_H
#define COLLECTOR_CONFIG_PEM_H
#include <stdio.h>
#include "collector/config.h"

// Writes a line for each file that cannot be used, "OPTION: FILE: what (remedy)", and returns how many. Those of the broker count only if
// broker.uri asks for TLS. Thread: any.
unsigned config_pem_check(const struct config *config, FILE *errors);

#endif
