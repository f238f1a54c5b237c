// SPDX-License-Identifier: Apache-2.0
// Expressions as tokens. A comment runs from # to the end of its line.
//
// Numbers: 5, 0.5, 1e3 with k M G (1000), Ki Mi Gi (1024) or % behind them; durations: whole numbers with ms s m h d w, joined (1h30m);
// texts in "...", '...' or `...`; names of letters, digits and _; $name. Offsets and widths are bytes. Pure. Thread: any.
#ifndef ALERTS_ENGINE_LEXER_H
#define ALERTS_ENGINE_LEXER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind { TOKEN_END, TOKEN_BAD, TOKEN_NUMBER, TOKEN_PERCENT, TOKEN_DURATION, TOKEN_TEXT, TOKEN_NAME, TOKEN_PARAM, TOKEN_SIGN };

enum { TOKEN_TEXT_BYTES = 64 };

struct token {
	enum token_kind kind;
	size_t offset, width;
	double number;               // NUMBER; PERCENT: 90 for 90%; DURATION: milliseconds
	char text[TOKEN_TEXT_BYTES]; // TEXT: what is within the quotes; NAME; PARAM: without $; SIGN: "<=" ...
	const char *wrong;           // BAD: what is wrong with it
};

// Reads the token at or behind `from`.
void lexer_next(const char *text, size_t from, struct token *token);

// A whole text as a duration ("5m", "1h30m", "0"); -1: it is none.
int lexer_duration(const char *text, uint64_t *ms);

// A whole text as one literal: a number (perhaps with a minus), percent, duration, or else TEXT (true, false and names, too).
// BAD: empty, or too long for a token.
void lexer_literal(const char *text, struct token *token);

#endif
