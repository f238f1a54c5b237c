// SPDX-License-Identifier: Apache-2.0
// The web page: the files of dashboards/web/ and dygraphs, which are part of the program. "/" is index.html, "/page/NAME" any of them.
//
// Each file has a strong ETag, so a browser that has it gets 304. A Content-Security-Policy lets the page run its own files only: no
// inline script or style, no other host, no frame around it. Pure but for the reply. Inside collector/http only.
#ifndef COLLECTOR_HTTP_PAGE_H
#define COLLECTOR_HTTP_PAGE_H
#include "collector/http/exchange.h"

exchange_handler page_index, page_file;

#endif
