// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name_byte(char c)
{
	return is_letter(c) || is_digit(c);
}

static void bad(struct token *token, size_t width, const char *wrong)
{
	token->kind = TOKEN_BAD;
	token->width = width;
	token->wrong = wrong;
}

static const struct {
	const char *suffix;
	double factor;
	enum token_kind kind;
} suffixes[] = {
	{ "ms", 1, TOKEN_DURATION },     { "s", 1e3, TOKEN_DURATION },     { "m", 60e3, TOKEN_DURATION },
	{ "h", 3600e3, TOKEN_DURATION }, { "d", 86400e3, TOKEN_DURATION }, { "w", 7 * 86400e3, TOKEN_DURATION },
	{ "k", 1e3, TOKEN_NUMBER },      { "M", 1e6, TOKEN_NUMBER },       { "G", 1e9, TOKEN_NUMBER },
	{ "Ki", 1024, TOKEN_NUMBER },    { "Mi", 1048576, TOKEN_NUMBER },  { "Gi", 1073741824, TOKEN_NUMBER },
};

// The row of the letters at `at`, -1 if there is none.
static int suffix_at(const char *at, size_t length)
{
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (strlen(suffixes[i].suffix) == length && strncmp(suffixes[i].suffix, at, length) == 0)
			return (int)i;
	return -1;
}

static size_t letters_at(const char *at)
{
	size_t length = 0;
	while (is_letter(at[length]))
		length++;
	return length;
}

// Digits, a fraction, an exponent.
static size_t number_at(const char *at)
{
	size_t length = 0;
	while (is_digit(at[length]))
		length++;
	if (at[length] == '.')
		for (length++; is_digit(at[length]); length++)
			;
	if (at[length] == 'e' || at[length] == 'E') {
		size_t sign = length + 1 + (at[length + 1] == '+' || at[length + 1] == '-');
		if (is_digit(at[sign]))
			for (length = sign; is_digit(at[length]); length++)
				;
	}
	return length;
}

// A number with what belongs to it is at hand whole: how much of the text it takes.
static size_t run_at(const char *at)
{
	size_t length = number_at(at);
	while (is_name_byte(at[length]) || (at[length] == '.' && is_digit(at[length + 1])))
		length++;
	return length;
}

// 1h30m: parts of whole numbers with units of time until the run ends.
static bool take_duration(const char *at, size_t run, struct token *token)
{
	double total = 0;
	for (size_t i = 0; i < run;) {
		size_t digits = 0;
		while (is_digit(at[i + digits]))
			digits++;
		size_t letters = letters_at(at + i + digits);
		int row = suffix_at(at + i + digits, letters);
		if (!digits || digits > 15 || row < 0 || suffixes[row].kind != TOKEN_DURATION)
			return false;
		total += strtod(at + i, 0) * suffixes[row].factor;
		i += digits + letters;
	}
	token->kind = TOKEN_DURATION;
	token->number = total;
	token->width = run;
	return true;
}

// 10%3 is a remainder, 10% a share.
static bool is_percent(const char *at)
{
	return *at == '%' && !is_name_byte(at[1]) && at[1] != '$' && at[1] != '(' && at[1] != '.';
}

// What stands behind the digits: k, Mi, % or nothing. false: something else.
static bool take_suffix(const char *at, size_t letters, struct token *token)
{
	if (!letters) {
		bool is_share = is_percent(at);
		token->kind = is_share ? TOKEN_PERCENT : TOKEN_NUMBER;
		token->width += is_share;
		return true;
	}
	int row = suffix_at(at, letters);
	token->kind = TOKEN_NUMBER;
	if (row < 0 || suffixes[row].kind != TOKEN_NUMBER)
		return false;
	token->number *= suffixes[row].factor;
	return true;
}

static void take_number(const char *at, struct token *token)
{
	char digits[40];
	size_t length = number_at(at), run = run_at(at);
	if (run > length && take_duration(at, run, token))
		return;
	snprintf(digits, sizeof digits, "%.*s", (int)(length < sizeof digits ? length : 0), at);
	token->number = strtod(digits, 0);
	token->width = run;
	if (length >= sizeof digits)
		bad(token, run, "a number that is too long");
	else if (token->number > 1e300)
		bad(token, run, "a number that is too large");
	else if (!take_suffix(at + length, run - length, token))
		bad(token, run, "not a number or a duration");
}

// Text in quotes. Within " and ' a backslash makes the next quote or backslash a letter.
static void take_text(const char *at, struct token *token)
{
	char quote = *at;
	size_t length = 0, i = 1;
	for (; at[i] && at[i] != quote; i++) {
		if (at[i] == '\\' && quote != '`') {
			if (at[i + 1] != '\\' && at[i + 1] != quote) {
				token->offset += i;
				bad(token, 1, "an escape in a text; only \\\\ and the quote can be written so");
				return;
			}
			i++;
		}
		if (length + 1 < TOKEN_TEXT_BYTES)
			token->text[length] = at[i];
		length++;
	}
	if (!at[i])
		bad(token, i, "a text without its closing quote");
	else if (length >= TOKEN_TEXT_BYTES)
		bad(token, i + 1, "a text that is too long");
	else {
		token->text[length] = 0;
		token->kind = TOKEN_TEXT;
		token->width = i + 1;
	}
}

static void take_name(const char *at, struct token *token)
{
	size_t dollar = *at == '$';
	size_t length = 0;
	while (is_name_byte(at[dollar + length]))
		length++;
	token->width = dollar + length;
	if (!length)
		bad(token, 1, "a $ without a name");
	else if (length >= TOKEN_TEXT_BYTES)
		bad(token, token->width, "a name that is too long");
	else {
		snprintf(token->text, sizeof token->text, "%.*s", (int)length, at + dollar);
		token->kind = dollar ? TOKEN_PARAM : TOKEN_NAME;
	}
}

static void take_sign(const char *at, struct token *token)
{
	static const char *const signs[] = { "==", "!=", "<=", ">=", "=~", "!~", "<", ">", "=", "+", "-", "*", "/", "%", "(", ")", "[", "]",
		"{", "}", ",", ":", "@", "^", "." };
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (strncmp(at, signs[i], strlen(signs[i])) == 0) {
			token->kind = TOKEN_SIGN;
			token->width = strlen(signs[i]);
			snprintf(token->text, sizeof token->text, "%s", signs[i]);
			return;
		}
	size_t width = 1;
	while (((unsigned char)at[width] & 0xc0) == 0x80)
		width++;
	bad(token, width, "a character that means nothing here");
}

static size_t skip_blanks(const char *text, size_t from)
{
	for (;; from++) {
		if (text[from] == '#')
			from += strcspn(text + from, "\n");
		if (!text[from] || !strchr(" \t\r\n", text[from]))
			return from;
	}
}

void lexer_next(const char *text, size_t from, struct token *token)
{
	*token = (struct token){ .offset = skip_blanks(text, from) };
	const char *at = text + token->offset;
	if (!*at)
		token->kind = TOKEN_END;
	else if (is_digit(*at) || (*at == '.' && is_digit(at[1])))
		take_number(at, token);
	else if (*at == '"' || *at == '\'' || *at == '`')
		take_text(at, token);
	else if (is_letter(*at) || *at == '$')
		take_name(at, token);
	else
		take_sign(at, token);
}

int lexer_duration(const char *text, uint64_t *ms)
{
	struct token token;
	lexer_next(text, 0, &token);
	bool is_zero = token.kind == TOKEN_NUMBER && token.number == 0;
	if ((token.kind != TOKEN_DURATION && !is_zero) || token.offset || text[token.width])
		return -1;
	*ms = token.number < 1e15 ? (uint64_t)token.number : UINT64_MAX;
	return 0;
}

static bool is_number(const struct token *token)
{
	return token->kind == TOKEN_NUMBER || token->kind == TOKEN_PERCENT;
}

void lexer_literal(const char *text, struct token *token)
{
	size_t minus = *text == '-';
	lexer_next(text, minus, token);
	bool is_value = is_number(token) || (token->kind == TOKEN_DURATION && !minus);
	if (is_value && token->offset == minus && !text[minus + token->width]) {
		token->number = minus ? -token->number : token->number;
		token->offset = 0;
		token->width += minus;
		return;
	}
	*token = (struct token){ .kind = TOKEN_TEXT, .width = strlen(text) };
	if (!*text || token->width >= TOKEN_TEXT_BYTES)
		bad(token, token->width, *text ? "a text that is too long" : "nothing");
	else
		memcpy(token->text, text, token->width + 1);
}
