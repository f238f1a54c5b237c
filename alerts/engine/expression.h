// SPDX-License-Identifier: Apache-2.0
// Expressions as trees: the grammar of alerts/README.md, nothing of meaning yet.
//
//   expression  = and_term { "or" and_term }
//   and_term    = not_term { ( "and" | "unless" ) not_term }
//   not_term    = { "not" } comparison
//   comparison  = sum [ ( == != < <= > >= ) [ "bool" ] sum ] | sum [ "not" ] "in" "(" literal { "," literal } ")"
//   sum, product, unary minus as everywhere
//   primary     = number | duration | text | $name | name [ "(" argument { "," argument } ")" ] | selector | "(" expression ")"
//   selector    = name [ "{" label ( = | != ) text { "," ... } "}" ] [ "[" ( duration | $name ) "]" ]
//
// The first error ends the reading of an expression. Pure. Memory: one block of the heap a tree, freed by expression_free().
#ifndef ALERTS_ENGINE_EXPRESSION_H
#define ALERTS_ENGINE_EXPRESSION_H
#include "alerts/engine/lexer.h"
#include "alerts/engine/problem.h"
#include "alerts/engine/rule_function.h"
#include "alerts/engine/unit.h"

enum node_kind {
	NODE_NUMBER,
	NODE_PERCENT,
	NODE_DURATION,
	NODE_TEXT,
	NODE_NAME,     // alone or with matchers and a window
	NODE_PARAM,
	NODE_CALL,     // left: the first argument, then next
	NODE_NEGATE,   // left
	NODE_NOT,      // left
	NODE_BINARY,   // left op right
	NODE_IN,       // left; right: the first of the list, then next
};

struct node_matcher {
	struct token label, text;
	bool is_not;
};

// What the checker finds out about a node.
enum value_type { VALUE_WRONG, VALUE_NUMBER, VALUE_CONDITION, VALUE_ENUM, VALUE_FLAG };

struct value_info {
	enum value_type type; // WRONG: an error in it was told already
	struct unit unit;     // of NUMBER, after the scaling
	int metric;           // ENUM: whose values; else -1, or the metric that a name stands for
	bool is_const;
	double number;        // of a constant, after the scaling
	bool is_literal;      // a constant that still has its own scale (5m, 90%)
	double num, den;      // its value is multiplied by num / den before it is used
};

struct node {
	enum node_kind kind;
	size_t offset, width; // of the whole in the text
	char name[TOKEN_TEXT_BYTES];
	double number;
	enum rule_opcode op;  // BINARY
	bool is_bool, is_negated; // BINARY with `bool`; `not in`
	struct node *left, *right, *next;
	struct node *window;  // NAME: DURATION or PARAM
	bool has_matchers;
	unsigned matcher_count;
	struct node_matcher matchers[EVENT_FILTERS_MAX];
	const struct rule_function *function; // CALL, once checked
	struct event_filter filter;           // the argument of event_count(), once checked
	uint64_t window_ms;                   // of the argument of a function; silent(): its duration
	struct value_info value;
};

struct expression {
	struct node *root; // 0: it could not be read, a problem says why
	struct node *nodes;
	unsigned count, capacity;
};

// Reads the scalar of `where`. Always followed by expression_free().
void expression_read(struct expression *expression, const struct problem_where *where);
void expression_free(struct expression *expression);

#endif
