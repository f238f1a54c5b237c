// SPDX-License-Identifier: Apache-2.0
// The PEM files that properties of librdkafka name, looked at before it reads them: of a file that it cannot use it says "PEM lib" and no more.
//
// ssl.ca.location (unless it is a folder or "probe"), ssl.certificate.location and ssl.key.location with ssl.key.password; only if
// security.protocol asks for TLS. What they may be: signing/pem_file.h. Thread: any.
#ifndef COLLECTOR_KAFKA_TLS_FILES_H
#define COLLECTOR_KAFKA_TLS_FILES_H
#include <librdkafka/rdkafka.h>
#include "collector/config.h"

// Adds an error for each file that cannot be used: "PROPERTIES-FILE: PROPERTY: FILE: what (remedy)". The passphrase is in no text.
void tls_files_check(const rd_kafka_conf_t *conf, const char *properties_file, struct config_errors *errors);

#endif
