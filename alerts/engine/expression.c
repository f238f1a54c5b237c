// SPDX-License-Identifier: Apache-2.0
#include "alerts/engine/expression.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	const struct problem_where *where;
	struct expression *expression;
	const char *text;
	struct token token; // the next one
	size_t end;         // of the token before
	unsigned depth;
	bool failed;
};

static struct node *parse_or(struct parser *parser);
static struct node *parse_unary(struct parser *parser);

// The first problem of an expression is told; what follows from it is not.
static struct rules_problem *fail(struct parser *parser, size_t offset, size_t width, enum problem_code code, const char *what)
{
	if (parser->failed)
		return 0;
	parser->failed = true;
	return problem_at(parser->where, offset, width, code, "%s", what);
}

static void advance(struct parser *parser)
{
	parser->end = parser->token.offset + parser->token.width;
	lexer_next(parser->text, parser->end, &parser->token);
	if (parser->token.kind == TOKEN_BAD)
		fail(parser, parser->token.offset, parser->token.width, PROBLEM_BAD_TOKEN, parser->token.wrong);
}

static bool is_sign(const struct parser *parser, const char *sign)
{
	return !parser->failed && parser->token.kind == TOKEN_SIGN && strcmp(parser->token.text, sign) == 0;
}

static bool is_word(const struct parser *parser, const char *word)
{
	return !parser->failed && parser->token.kind == TOKEN_NAME && strcasecmp(parser->token.text, word) == 0;
}

static bool take_sign(struct parser *parser, const char *sign)
{
	bool is_it = is_sign(parser, sign);
	if (is_it)
		advance(parser);
	return is_it;
}

static bool take_word(struct parser *parser, const char *word)
{
	bool is_it = is_word(parser, word);
	if (is_it)
		advance(parser);
	return is_it;
}

// What of PromQL stands here that rules do not have. 0: nothing of that.
static const char *refused_here(const struct parser *parser)
{
	static const struct {
		const char *sign, *instead;
	} signs[] = {
		{ "=~", "compare enums with == or `in (...)`; matchers know = and !=" },
		{ "!~", "compare enums with != or `not in (...)`; matchers know = and !=" },
		{ "@", "values and windows end now" },
		{ "^", "multiply" },
		{ "[", "a window belongs to a metric: avg_over_time(METRIC[10m])" },
		{ ":", "subqueries are not part of the language; a window belongs to a metric" },
		{ ".", "metrics have names without dots; alerts/README.md says where they are listed" },
		{ "=", "write == to compare" },
	};
	if (parser->token.kind == TOKEN_NAME)
		return rule_function_refused(parser->token.text);
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (is_sign(parser, signs[i].sign))
			return signs[i].instead;
	return 0;
}

// The token is not what the grammar wants here.
static void fail_here(struct parser *parser, const char *wanted)
{
	const struct token *token = &parser->token;
	if (parser->failed)
		return;
	const char *instead = refused_here(parser);
	parser->failed = true;
	if (token->kind == TOKEN_END) {
		problem_hint(problem_at(parser->where, token->offset, 1, PROBLEM_SYNTAX, "the expression ends too early"), "wanted: %s",
			wanted);
		return;
	}
	int width = (int)token->width;
	const char *at = parser->text + token->offset;
	if (instead)
		problem_hint(problem_at(parser->where, token->offset, token->width, PROBLEM_EXPRESSION_OUTSIDE,
				     "`%.*s` is not part of the rule language", width, at),
			"%s", instead);
	else
		problem_hint(problem_at(parser->where, token->offset, token->width, PROBLEM_SYNTAX, "`%.*s` cannot stand here", width, at),
			"wanted: %s", wanted);
}

static void want_sign(struct parser *parser, const char *sign, const char *wanted)
{
	if (!take_sign(parser, sign))
		fail_here(parser, wanted);
}

static struct node *new_node(struct parser *parser, enum node_kind kind, size_t offset)
{
	struct expression *expression = parser->expression;
	if (parser->failed)
		return 0;
	if (expression->count == expression->capacity) {
		fail(parser, offset, 1, PROBLEM_TOO_COMPLEX, "too many parts in the expression");
		return 0;
	}
	struct node *node = &expression->nodes[expression->count++];
	node->kind = kind;
	node->offset = offset;
	node->value.metric = -1;
	node->value.num = node->value.den = 1;
	return node;
}

static struct node *finish(const struct parser *parser, struct node *node)
{
	if (node)
		node->width = parser->end - node->offset;
	return parser->failed ? 0 : node;
}

static bool goes_deeper(struct parser *parser)
{
	if (++parser->depth > RULES_DEPTH)
		problem_hint(fail(parser, parser->token.offset, 1, PROBLEM_TOO_COMPLEX, "the expression is nested too deep"),
			"at most %d parentheses and signs within each other", RULES_DEPTH);
	return !parser->failed;
}

static struct node *new_binary(struct parser *parser, enum rule_opcode op, struct node *left)
{
	struct node *node = left ? new_node(parser, NODE_BINARY, left->offset) : 0;
	if (node) {
		node->op = op;
		node->left = left;
	}
	return node;
}

struct operator_row {
	const char *text;
	enum rule_opcode op;
};

// A row whose sign or word stands here and is passed; 0: none of them.
static const struct operator_row *take_operator(struct parser *parser, const struct operator_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (take_sign(parser, rows[i].text) || take_word(parser, rows[i].text))
			return &rows[i];
	return 0;
}

static struct node *parse_left_to_right(struct parser *parser, const struct operator_row *rows, size_t count,
	struct node *(*parse_operand)(struct parser *))
{
	struct node *left = parse_operand(parser);
	const struct operator_row *row;
	while (left && (row = take_operator(parser, rows, count))) {
		struct node *node = new_binary(parser, row->op, left);
		struct node *right = parse_operand(parser);
		if (node)
			node->right = right;
		left = finish(parser, node);
	}
	return parser->failed ? 0 : left;
}

// --- selectors and calls ---

static void parse_matcher(struct parser *parser, struct node *node)
{
	if (node->matcher_count == EVENT_FILTERS_MAX) {
		problem_hint(fail(parser, parser->token.offset, parser->token.width, PROBLEM_BAD_MATCHER, "too many matchers"),
			"at most %d", EVENT_FILTERS_MAX);
		return;
	}
	struct node_matcher *matcher = &node->matchers[node->matcher_count];
	matcher->label = parser->token;
	if (parser->token.kind != TOKEN_NAME) {
		fail_here(parser, "a label, as in {class=\"crash\"}");
		return;
	}
	advance(parser);
	matcher->is_not = take_sign(parser, "!=");
	if (!matcher->is_not)
		want_sign(parser, "=", "= or != and a text in quotes");
	matcher->text = parser->token;
	if (!parser->failed && parser->token.kind != TOKEN_TEXT)
		fail_here(parser, "a text in quotes");
	advance(parser);
	node->matcher_count++;
}

static void parse_matchers(struct parser *parser, struct node *node)
{
	node->has_matchers = true;
	while (!parser->failed && !is_sign(parser, "}")) {
		parse_matcher(parser, node);
		if (!take_sign(parser, ","))
			break;
	}
	want_sign(parser, "}", "a comma or }");
}

static void parse_window(struct parser *parser, struct node *node)
{
	bool is_param = parser->token.kind == TOKEN_PARAM;
	if (!is_param && parser->token.kind != TOKEN_DURATION) {
		fail_here(parser, "a duration such as 10m, or a parameter");
		return;
	}
	struct node *window = new_node(parser, is_param ? NODE_PARAM : NODE_DURATION, parser->token.offset);
	if (window) {
		memcpy(window->name, parser->token.text, sizeof window->name);
		window->number = parser->token.number;
	}
	advance(parser);
	node->window = finish(parser, window);
	want_sign(parser, "]", "]");
}

static void parse_arguments(struct parser *parser, struct node *call)
{
	struct node **end = &call->left;
	while (!parser->failed && !is_sign(parser, ")")) {
		struct node *argument = parse_or(parser);
		*end = argument;
		if (argument)
			end = &argument->next;
		if (!take_sign(parser, ","))
			break;
	}
	want_sign(parser, ")", "a comma or )");
}

static struct node *parse_call(struct parser *parser, struct node *node)
{
	node->kind = NODE_CALL;
	if (goes_deeper(parser))
		parse_arguments(parser, node);
	parser->depth--;
	return finish(parser, node);
}

// Whether a name that PromQL has stands where it means that: sum by (x) (y), abs(x).
static bool is_used_as_function(const struct parser *parser)
{
	return is_sign(parser, "(") || is_word(parser, "by") || is_word(parser, "without") || is_sign(parser, "{");
}

static struct node *parse_name(struct parser *parser)
{
	struct token name = parser->token;
	struct node *node = new_node(parser, NODE_NAME, name.offset);
	if (!node)
		return 0;
	advance(parser);
	const char *refused = is_used_as_function(parser) ? rule_function_refused(name.text) : 0;
	if (refused) {
		parser->failed = true;
		problem_hint(problem_at(parser->where, name.offset, name.width, PROBLEM_EXPRESSION_OUTSIDE,
				     "`%s` is not part of the rule language", name.text),
			"%s", refused);
		return 0;
	}
	memcpy(node->name, name.text, sizeof node->name);
	if (take_sign(parser, "("))
		return parse_call(parser, node);
	if (take_sign(parser, "{"))
		parse_matchers(parser, node);
	if (take_sign(parser, "["))
		parse_window(parser, node);
	return finish(parser, node);
}

static struct node *parse_literal(struct parser *parser, enum node_kind kind)
{
	struct node *node = new_node(parser, kind, parser->token.offset);
	if (node) {
		memcpy(node->name, parser->token.text, sizeof node->name);
		node->number = parser->token.number;
	}
	advance(parser);
	return finish(parser, node);
}

static struct node *parse_parentheses(struct parser *parser)
{
	size_t offset = parser->token.offset;
	advance(parser);
	struct node *node = goes_deeper(parser) ? parse_or(parser) : 0;
	parser->depth--;
	want_sign(parser, ")", "an operator or )");
	if (node) {
		node->offset = offset;
		node->width = parser->end - offset;
	}
	if (is_sign(parser, "["))
		problem_hint(fail(parser, parser->token.offset, 1, PROBLEM_EXPRESSION_OUTSIDE,
				     "a subquery is not part of the rule language"),
			"a window belongs to a metric: avg_over_time(METRIC[10m])");
	return parser->failed ? 0 : node;
}

static struct node *parse_primary(struct parser *parser)
{
	if (parser->failed)
		return 0;
	switch (parser->token.kind) {
	case TOKEN_NUMBER: return parse_literal(parser, NODE_NUMBER);
	case TOKEN_PERCENT: return parse_literal(parser, NODE_PERCENT);
	case TOKEN_DURATION: return parse_literal(parser, NODE_DURATION);
	case TOKEN_TEXT: return parse_literal(parser, NODE_TEXT);
	case TOKEN_PARAM: return parse_literal(parser, NODE_PARAM);
	case TOKEN_NAME: return parse_name(parser);
	default: break;
	}
	if (is_sign(parser, "("))
		return parse_parentheses(parser);
	fail_here(parser, "a metric, a number, a function or (");
	return 0;
}

// --- operators, the ones that bind closest first ---

static struct node *parse_unary(struct parser *parser)
{
	size_t offset = parser->token.offset;
	bool is_plus = take_sign(parser, "+");
	if (!is_plus && !take_sign(parser, "-"))
		return parse_primary(parser);
	struct node *node = is_plus ? 0 : new_node(parser, NODE_NEGATE, offset);
	struct node *operand = goes_deeper(parser) ? parse_unary(parser) : 0;
	parser->depth--;
	if (is_plus)
		return parser->failed ? 0 : operand;
	if (node)
		node->left = operand;
	return finish(parser, node);
}

static struct node *parse_product(struct parser *parser)
{
	static const struct operator_row rows[] = { { "*", OP_MULTIPLY }, { "/", OP_DIVIDE }, { "%", OP_MODULO } };
	return parse_left_to_right(parser, rows, 3, parse_unary);
}

static struct node *parse_sum(struct parser *parser)
{
	static const struct operator_row rows[] = { { "+", OP_ADD }, { "-", OP_SUBTRACT } };
	return parse_left_to_right(parser, rows, 2, parse_product);
}

static struct node *parse_list(struct parser *parser, struct node *left, bool is_negated)
{
	struct node *node = left ? new_node(parser, NODE_IN, left->offset) : 0;
	if (!node)
		return 0;
	node->left = left;
	node->is_negated = is_negated;
	want_sign(parser, "(", "( and the values, separated by commas");
	struct node **end = &node->right;
	do {
		struct node *item = parse_unary(parser);
		*end = item;
		if (item)
			end = &item->next;
	} while (take_sign(parser, ","));
	want_sign(parser, ")", "a comma or )");
	return finish(parser, node);
}

static const struct operator_row comparisons[] = { { "==", OP_EQUAL }, { "!=", OP_NOT_EQUAL }, { "<=", OP_LESS_EQUAL },
	{ ">=", OP_GREATER_EQUAL }, { "<", OP_LESS }, { ">", OP_GREATER } };

enum { COMPARISONS = sizeof comparisons / sizeof *comparisons };

static struct node *parse_comparison(struct parser *parser)
{
	struct node *left = parse_sum(parser);
	if (take_word(parser, "in"))
		return parse_list(parser, left, false);
	if (take_word(parser, "not")) {
		if (!take_word(parser, "in"))
			fail_here(parser, "`in` after `not`");
		return parse_list(parser, left, true);
	}
	const struct operator_row *row = take_operator(parser, comparisons, COMPARISONS);
	if (!row)
		return parser->failed ? 0 : left;
	struct node *node = new_binary(parser, row->op, left);
	bool is_bool = take_word(parser, "bool");
	struct node *right = parse_sum(parser);
	if (node) {
		node->right = right;
		node->is_bool = is_bool;
	}
	size_t offset = parser->token.offset, width = parser->token.width;
	if (!parser->failed && take_operator(parser, comparisons, COMPARISONS))
		problem_hint(fail(parser, offset, width, PROBLEM_SYNTAX, "comparisons cannot be chained"), "join them: 1 < x and x < 5");
	return finish(parser, node);
}

static struct node *parse_not(struct parser *parser)
{
	size_t offset = parser->token.offset;
	if (!take_word(parser, "not"))
		return parse_comparison(parser);
	struct node *node = new_node(parser, NODE_NOT, offset);
	struct node *operand = goes_deeper(parser) ? parse_not(parser) : 0;
	parser->depth--;
	if (node)
		node->left = operand;
	return finish(parser, node);
}

static struct node *parse_and(struct parser *parser)
{
	static const struct operator_row rows[] = { { "and", OP_AND }, { "unless", OP_UNLESS } };
	return parse_left_to_right(parser, rows, 2, parse_not);
}

static struct node *parse_or(struct parser *parser)
{
	static const struct operator_row rows[] = { { "or", OP_OR } };
	return parse_left_to_right(parser, rows, 1, parse_and);
}

void expression_read(struct expression *expression, const struct problem_where *where)
{
	const struct source_scalar *scalar = where->scalar;
	struct parser parser = { .where = where, .expression = expression, .text = scalar->text };
	*expression = (struct expression){ 0 };
	if (scalar->length > RULES_EXPRESSION_BYTES) {
		problem_hint(problem_at(where, 0, 1, PROBLEM_TOO_COMPLEX, "the expression has more than %d bytes", RULES_EXPRESSION_BYTES),
			"split it into several rules");
		return;
	}
	expression->capacity = (unsigned)scalar->length + 1; // each node has at least one byte
	expression->nodes = calloc(expression->capacity, sizeof *expression->nodes);
	if (!expression->nodes) {
		problem_no_memory(where);
		return;
	}
	advance(&parser);
	if (!parser.failed && parser.token.kind == TOKEN_END)
		problem_hint(fail(&parser, 0, 1, PROBLEM_SYNTAX, "the expression is empty"),
			"write a condition, for example heap_free_bytes < 50000");
	struct node *root = parse_or(&parser);
	if (!parser.failed && parser.token.kind != TOKEN_END)
		fail_here(&parser, "an operator or the end");
	expression->root = parser.failed ? 0 : root;
}

void expression_free(struct expression *expression)
{
	free(expression->nodes);
	*expression = (struct expression){ 0 };
}
