/*
 * Schemas of tools as every model API takes them.  Most cases made some
 * provider refuse each question of each chat; where one was told of stands
 * beside it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "llm/schema.h"

#define ANY                                                                 \
	"{'anyOf':[{'type':'string'},{'type':'number'},{'type':'boolean'}," \
	"{'type':'object'},{'type':'array','items':{'type':'string'}}]}"
#define OBJECT(properties) "{'type':'object','properties':{" properties "}}"
#define NEEDS(properties, required)                                            \
	"{'type':'object','properties':{" properties "},'required':[" required \
	"]}"
#define STRING "{'type':'string'}"

/* ' stands for ". */
static const struct {
	const char *what, *given, *want;
} CASES[] = {
	{ "fit already", NEEDS("'a':" STRING, "'a'"),
	    NEEDS("'a':" STRING, "'a'") },

	/* The top. */
	{ "null at the top", "null", OBJECT("") },
	{ "no object at the top", "[1]", OBJECT("") },
	{ "no type: karakeep-app/karakeep#1831", "{}", OBJECT("") },
	{ "no properties: github/github-mcp-server#1548", "{'type':'object'}",
	    OBJECT("") },
	{ "properties that are null: karakeep-app/karakeep#1831",
	    "{'type':'object','properties':null}", OBJECT("") },
	{ "a type that is no object", "{'type':'array','items':{}}",
	    OBJECT("") },
	{ "a list of types at the top",
	    "{'type':['object','null'],'properties':{'a':" STRING "}}",
	    OBJECT("'a':" STRING) },
	{ "a wrapper: twentyhq/twenty#15348",
	    "{'jsonSchema':" OBJECT("'a':" STRING) "}", OBJECT("'a':" STRING) },
	{ "$schema, $id, $comment: promptfoo/promptfoo#4200, "
	  "anthropics/claude-code#586",
	    "{'$schema':'http://json-schema.org/draft-07/schema#','$id':'x',"
	    "'$comment':'c','type':'object','properties':{}}",
	    OBJECT("") },
	{ "alternatives at the top: langchain-ai/langchain#39271, "
	  "makenotion/notion-mcp-server#341",
	    "{'type':'object','anyOf':[" NEEDS("'content':" STRING,
		"'content'") "," NEEDS("'source_url':" STRING,
		"'source_url'") "]}",
	    "{'type':'object','properties':{'content':" STRING
	    ",'source_url':" STRING "},'description':'Give one of these "
	    "sets: content | source_url'}" },
	{ "sets of members: anomalyco/opencode#35516, "
	  "MoonshotAI/kimi-code#2328",
	    "{'type':'object','properties':{'route':" STRING ",'file':" STRING
	    "},'anyOf':[{'required':['route']},{'required':['file']}]}",
	    "{'type':'object','properties':{'route':" STRING ",'file':" STRING
	    "},'description':'Give one of these sets: route | file'}" },
	{ "what all alternatives need is needed: zereight/gitlab-mcp#552",
	    "{'oneOf':[" NEEDS("'k':{'const':'a'},'x':" STRING,
		"'k','x'") "," NEEDS("'k':{'const':'b'}", "'k'") "]}",
	    NEEDS("'k':{'type':'string','enum':['a','b']},'x':" STRING,
		"'k'") },
	{ "allOf at the top: cloudflare/mcp-server-cloudflare#224",
	    "{'allOf':[" NEEDS("'a':" STRING, "'a'") "," NEEDS("'b':" STRING,
		"'b'") "]}",
	    NEEDS("'a':" STRING ",'b':" STRING, "'a','b'") },
	{ "not, if, enum at the top: langchain-ai/langchainjs#9804",
	    "{'type':'object','properties':{'a':" STRING "},'not':{},'if':{},"
	    "'then':{},'else':{},'enum':[{}]}",
	    OBJECT("'a':" STRING) },

	/* References. */
	{ "$defs: open-webui/computer#87, BerriAI/litellm#29207",
	    "{'type':'object','properties':{'f':{'$ref':'#/$defs/F'}},"
	    "'$defs':{'F':{'type':'string','enum':['fit','raw']}}}",
	    OBJECT("'f':{'type':'string','enum':['fit','raw']}") },
	{ "words beside a reference: CommandCodeAI/command-code#566",
	    "{'type':'object','properties':{'f':{'$ref':'#/definitions/F',"
	    "'description':'here'}},'definitions':{'F':{'type':'integer',"
	    "'description':'there'}}}",
	    OBJECT("'f':{'type':'integer','description':'here'}") },
	{ "a property: Mnehmos/mnehmos.rpg.mcp#73",
	    "{'type':'object','properties':{'a':{'type':'integer'},'l':"
	    "{'type':'array','items':{'$ref':'#/properties/a'}}}}",
	    OBJECT("'a':{'type':'integer'},'l':{'type':'array','items':"
		   "{'type':'integer'}}") },
	{ "the top itself is one: genkit-ai/genkit-dart#253",
	    "{'$ref':'#/$defs/P','$defs':{'P':" OBJECT("'a':" STRING) "}}",
	    OBJECT("'a':" STRING) },
	{ "through one another",
	    "{'type':'object','properties':{'a':"
	    "{'$ref':'#/$defs/A'}},'$defs':{'A':{'$ref':"
	    "'#/$defs/B'},'B':" STRING "}}",
	    OBJECT("'a':" STRING) },
	{ "definitions that were moved",
	    "{'type':'object','properties':{'a':{'$ref':"
	    "'#/components/schemas/A'}},'$defs':{'A':" STRING "}}",
	    OBJECT("'a':" STRING) },
	{ "escapes",
	    "{'type':'object','properties':{'a':{'$ref':"
	    "'#/$defs/x~1y~0%20z'}},'$defs':{'x/y~ z':" STRING "}}",
	    OBJECT("'a':" STRING) },
	{ "contains itself: vercel/ai#19488, BerriAI/litellm#13151",
	    "{'type':'object','properties':{'root':{'$ref':'#/$defs/N'}},"
	    "'$defs':{'N':{'type':'object','description':'a node',"
	    "'properties':{'next':{'$ref':'#/$defs/N'},'all':{'type':'array',"
	    "'items':{'$ref':'#/$defs/N'}}}}}}",
	    OBJECT("'root':{'type':'object','description':'a node',"
		   "'properties':{'next':{'type':'object','description':"
		   "'a node'},'all':{'type':'array','items':{'type':'object',"
		   "'description':'a node'}}}}") },
	{ "the whole contains itself",
	    "{'type':'object','properties':{'a':"
	    "{'$ref':'#'}}}",
	    OBJECT("'a':{'type':'object'}") },
	{ "any value, itself: aaif-goose/goose#10469",
	    "{'type':'object','properties':{'a':{'$ref':'#/$defs/Any'}},"
	    "'$defs':{'Any':{'type':'object','additionalProperties':{'$ref':"
	    "'#/$defs/Any'}}}}",
	    OBJECT("'a':{'type':'object'}") },
	{ "refers to itself alone",
	    "{'type':'object','properties':{'a':{'$ref':'#/$defs/A'}},"
	    "'$defs':{'A':{'$ref':'#/$defs/A'}}}",
	    OBJECT("'a':{'type':'object'}") },
	{ "elsewhere, or nothing, or no text",
	    "{'type':'object','properties':{'a':{'$ref':'https://x/y#/z',"
	    "'type':'string'},'b':{'$ref':'#/$defs/B'},'c':{'$ref':7,"
	    "'type':'string'}}}",
	    OBJECT("'a':" STRING ",'b':" ANY ",'c':" STRING) },

	/* Types. */
	{ "a list with null: github/copilot-cli#4623, nanbingxyz/5ire#218",
	    OBJECT("'a':{'type':['string','null']}"), OBJECT("'a':" STRING) },
	{ "null where something must be given",
	    NEEDS("'a':{'type':['string','null'],'description':'x'}", "'a'"),
	    NEEDS("'a':{'type':'string','description':'x (may be: null)'}",
		"'a'") },
	{ "several: zed-industries/zed#44875",
	    OBJECT("'a':{'type':['string','integer'],'description':'x'}"),
	    OBJECT("'a':{'anyOf':[{'type':'string','description':'x'},"
		   "{'type':'integer'}]}") },
	{ "a boolean for a schema: mezmo/aura#358",
	    OBJECT("'a':true,'b':false,'c':{}"),
	    OBJECT("'a':" ANY ",'c':" ANY) },
	{ "a name for a schema: smallmain/vscode-unify-chat-provider#162",
	    OBJECT("'a':" STRING ",'type':'object','b':'string','c':null"),
	    OBJECT("'a':" STRING ",'type':" ANY ",'b':" STRING ",'c':" ANY) },
	{ "words alone: docker/mcp-gateway#234, "
	  "google-gemini/gemini-cli#4400",
	    OBJECT("'a':{'description':'any'}"),
	    OBJECT("'a':{'anyOf':[{'type':'string','description':'any'},"
		   "{'type':'number'},{'type':'boolean'},{'type':'object'},"
		   "{'type':'array','items':{'type':'string'}}]}") },
	{ "concluded: duolahypercho/codex-router#641",
	    OBJECT("'o':{'properties':{'a':" STRING "}},'l':{'items':" STRING
		   "},'e':{'enum':['x']},'c':{'const':1.5},'p':{'pattern':"
		   "'^a$'},'n':{'maximum':3},'d':{'default':true}"),
	    OBJECT("'o':" OBJECT(
		"'a':" STRING) ",'l':{'type':'array',"
			       "'items':" STRING
			       "},'e':{'type':'string','enum':['x']},"
			       "'c':{'type':'number','description':'(always: 1.5)'},"
			       "'p':{'type':'string','description':'(pattern: ^a$)'},"
			       "'n':{'type':'number','maximum':3},"
			       "'d':{'type':'boolean','description':'(default: true)'}") },
	{ "of another language: blurrah/mcp-graphql#14",
	    OBJECT("'a':{'type':'any'},'b':{'type':'int'},'c':{'type':"
		   "'STRING'},'d':{'type':'dict'},'e':{'type':'Foo'}"),
	    OBJECT("'a':" ANY ",'b':{'type':'integer'},'c':" STRING ",'d':"
		   "{'type':'object'},'e':" ANY) },
	{ "properties of what is no object: anomalyco/opencode#11889",
	    OBJECT("'a':{'type':'string','properties':{},'required':['x'],"
		   "'items':{}}"),
	    OBJECT("'a':" STRING) },
	{ "no properties in the middle: vercel/ai#3371",
	    OBJECT("'a':{'type':'object','properties':{}}"),
	    OBJECT("'a':{'type':'object'}") },

	/* Alternatives. */
	{ "one alternative: ggml-org/llama.cpp#14227",
	    OBJECT("'a':{'anyOf':[{'type':'number'}]}"),
	    OBJECT("'a':{'type':'number'}") },
	{ "one and null: taylorwilsdon/google_workspace_mcp#1099",
	    OBJECT("'a':{'anyOf':[" STRING ",{'type':'null'}],'default':null,"
		   "'title':'A','description':'x'}"),
	    OBJECT("'a':{'type':'string','description':'x'}") },
	{ "oneOf, with words: BerriAI/litellm#11164, colinhacks/zod#5807",
	    OBJECT("'a':{'description':'x','oneOf':[" STRING
		   ",{'type':'integer'}]}"),
	    OBJECT("'a':{'anyOf':[{'type':'string','description':'x'},"
		   "{'type':'integer'}]}") },
	{ "the type outside: openclaw/openclaw#113130",
	    OBJECT("'a':{'type':'object','anyOf':[{'properties':{'b':" STRING
		   "}},{'properties':{'c':" STRING "}}]}"),
	    OBJECT("'a':{'anyOf':[" OBJECT("'b':" STRING) "," OBJECT(
		"'c':" STRING) "]}") },
	{ "the members outside: openclaw/openclaw#113462",
	    OBJECT(
		"'a':{'type':'object','properties':{'b':" STRING ",'c':" STRING
		"},'anyOf':[{'required':['b']},{'required':['b',"
		"'c']}]}"),
	    OBJECT("'a':" NEEDS("'b':" STRING ",'c':" STRING, "'b'")) },
	{ "alternatives in one another, and twice",
	    OBJECT("'a':{'anyOf':[{'oneOf':[" STRING
		   ",{'type':'integer'}]}," STRING ",{'type':'null'}]}"),
	    OBJECT("'a':{'anyOf':[" STRING ",{'type':'integer'}]}") },
	{ "constants, each with its words",
	    OBJECT("'a':{'description':'x','oneOf':[{'const':'a',"
		   "'description':'A'},{'const':'b','description':'B'}]}"),
	    OBJECT("'a':{'type':'string','enum':['a','b'],'description':"
		   "'x\\na: A; b: B'}") },
	{ "allOf in the middle",
	    "{'type':'object','properties':{'a':{'allOf':[{'$ref':'#/$defs/A'}"
	    "],'description':'x'}},'$defs':{'A':{'type':'integer',"
	    "'description':'y'}}}",
	    OBJECT("'a':{'type':'integer','description':'x'}") },
	{ "nothing at all: ggml-org/llama.cpp#17574",
	    OBJECT("'a':{'not':{}},'b':{'anyOf':[]},'c':{'type':[]}"),
	    OBJECT("'a':" ANY ",'b':" ANY ",'c':" ANY) },

	/* Lists. */
	{ "no items: typesense/typesense#3059, mark3labs/mcphost#35",
	    OBJECT("'a':{'type':'array'},'b':{'type':['array','null']},'c':"
		   "{'anyOf':[{'type':'array'},{'type':'null'}]}"),
	    OBJECT("'a':{'type':'array','items':" ANY "},'b':{'type':'array',"
		   "'items':" ANY "},'c':{'type':'array','items':" ANY "}") },
	{ "items that say nothing",
	    OBJECT("'a':{'type':'array','items':{}},'b':{'type':'array',"
		   "'items':true},'c':{'type':'array','items':false}"),
	    OBJECT("'a':{'type':'array','items':" ANY "},'b':{'type':'array',"
		   "'items':" ANY "},'c':{'type':'array','items':" ANY "}") },
	{ "tuples: anomalyco/opencode#32488",
	    OBJECT("'a':{'type':'array','items':[" STRING "," STRING "]},"
		   "'b':{'type':'array','prefixItems':[" STRING
		   ",{'type':'integer'}],'items':false}"),
	    OBJECT(
		"'a':{'type':'array','items':" STRING "},'b':{'type':"
		"'array','items':{'anyOf':[" STRING ",{'type':'integer'}]}}") },

	/* Values. */
	{ "numbers: google-gemini/gemini-cli#4127, "
	  "router-for-me/CLIProxyAPI#1075",
	    OBJECT("'a':{'type':'integer','enum':[0,1,3],'description':'x'}"),
	    OBJECT("'a':{'type':'integer','description':'x (one of: "
		   "[0,1,3])'}") },
	{ "numbers of a string: mongodb-js/mongodb-mcp-server#715",
	    OBJECT("'a':{'type':'string','enum':[256,512]}"),
	    OBJECT("'a':{'type':'string','enum':['256','512']}") },
	{ "empty, null, twice: sbroenne/mcp-server-excel#607",
	    OBJECT("'a':{'type':'string','enum':['x','',null,'x','y']}"),
	    OBJECT("'a':{'type':'string','enum':['x','y']}") },
	{ "none", OBJECT("'a':{'type':'string','enum':[]},'b':{'enum':'x'}"),
	    OBJECT("'a':" STRING ",'b':" ANY) },
	{ "const: modelcontextprotocol/servers#1624, zendev-sh/goai#108",
	    OBJECT("'a':{'const':'x'}"),
	    OBJECT("'a':{'type':'string','enum':['x']}") },
	{ "bounds of draft 4: SylphxAI/pdf-reader-mcp#63",
	    OBJECT("'a':{'type':'integer','exclusiveMinimum':true,'minimum':0"
		   "},'b':{'type':'number','maximum':2,"
		   "'exclusiveMaximum':false}"),
	    OBJECT("'a':{'type':'integer','minimum':1},'b':{'type':'number',"
		   "'maximum':2}") },
	{ "bounds of today: ahmadrosid/nakama#292",
	    OBJECT("'a':{'type':'integer','exclusiveMinimum':0},'b':{'type':"
		   "'number','exclusiveMinimum':0}"),
	    OBJECT("'a':{'type':'integer','minimum':1},'b':{'type':'number',"
		   "'description':'(exclusiveMinimum: 0)'}") },
	{ "bounds that say nothing",
	    OBJECT("'a':{'type':'integer','minimum':-9007199254740991,"
		   "'maximum':9007199254740991}"),
	    OBJECT("'a':{'type':'integer'}") },
	{ "formats: google-gemini/gemini-cli#2237, OpenHands/OpenHands#8595",
	    OBJECT("'a':{'type':'string','format':'uri'},'b':{'type':"
		   "'string','format':'date-time'},'c':{'type':'integer',"
		   "'format':'uint32'}"),
	    OBJECT("'a':{'type':'string','description':'(format: uri)'},'b':"
		   "{'type':'string','format':'date-time'},'c':{'type':"
		   "'integer'}") },
	{ "patterns: ggml-org/llama.cpp#26930, can1357/oh-my-pi#2784",
	    OBJECT("'a':{'type':'string','pattern':'^(?!x$)'}"),
	    OBJECT("'a':{'type':'string','description':'(pattern: "
		   "^(?!x$))'}") },
	{ "lengths: AtomicBot-ai/Atomic-Chat#272",
	    OBJECT("'a':{'type':'string','maxLength':10000,'minLength':1},"
		   "'b':{'type':'array','items':" STRING ",'maxItems':100}"),
	    OBJECT("'a':{'type':'string','description':'(minLength: 1; "
		   "maxLength: 10000)'},'b':{'type':'array','description':"
		   "'(maxItems: 100)','items':" STRING "}") },
	{ "words that are none",
	    OBJECT("'a':{'type':'string','description':''},'b':{'type':"
		   "'string','description':7},'c':{'type':'string',"
		   "'description':' a\\u0007b\\u009bc\\n'}"),
	    OBJECT("'a':" STRING ",'b':" STRING ",'c':{'type':'string',"
		   "'description':'abc'}") },

	/* Members. */
	{ "more: promptfoo/promptfoo#6902, jacksteamdev/obsidian-mcp-tools#63",
	    "{'type':'object','properties':{'a':{'type':'object',"
	    "'additionalProperties':{'type':'string'}},'b':{'type':'object',"
	    "'additionalProperties':{}}},'additionalProperties':false,"
	    "'patternProperties':{'^x':{}},'propertyNames':{}}",
	    OBJECT("'a':{'type':'object','description':'(any other member: "
		   "string)'},'b':{'type':'object'}") },
	{ "only if: they may be given, and change nothing else",
	    "{'type':'object','properties':{'a':{'type':'string'}},'if':{"
	    "'properties':{'a':{'const':'x'},'i':{'type':'string'}}},'then':{"
	    "'properties':{'a':{'const':'x'},'b':" STRING "},'required':["
	    "'b']},'else':{'$ref':'#/$defs/C'},'$defs':{'C':{'properties':{"
	    "'c':{'type':'integer'}},'required':['c']}},'required':['a']}",
	    NEEDS("'a':" STRING ",'b':" STRING ",'c':{'type':'integer'}",
		"'a'") },
	{ "several ifs, of which two say the same name",
	    "{'type':'object','allOf':[{'if':{},'then':{'properties':{'b':" STRING
	    ",'c':" STRING "}}},{'if':{},'then':{'allOf':[{"
	    "'properties':{'b':{'type':'integer'},'c':" STRING "}}]},'else':{"
	    "'if':{},'then':{'properties':{'d':" STRING "}}}}],'properties':{"
	    "'a':" STRING "}}",
	    OBJECT("'a':" STRING ",'b':{'anyOf':[" STRING ",{'type':"
		   "'integer'}]},'c':" STRING ",'d':" STRING) },
	{ "what depends on another member, by either name",
	    "{'type':'object','properties':{'a':" STRING "},"
	    "'dependentSchemas':{'a':{'properties':{'b':" STRING "},"
	    "'required':['b']}},'dependencies':{'a':['b'],'b':{'properties':{"
	    "'c':" STRING "}}}}",
	    OBJECT("'a':" STRING ",'b':" STRING ",'c':" STRING) },
	{ "only if, inside; and what contains itself",
	    "{'type':'object','properties':{'o':{'$ref':'#/$defs/O'}},'$defs':"
	    "{'O':{'type':'object','if':{},'then':{'properties':{'b':" STRING
	    "}},'else':{'$ref':'#/$defs/O'}}}}",
	    OBJECT("'o':" OBJECT("'b':" STRING)) },
	{ "not only if: then alone is nothing",
	    "{'type':'object','then':{'properties':{'b':" STRING "}},'else':"
	    "true,'dependentSchemas':[]}",
	    OBJECT("") },
	{ "required that is none: NousResearch/hermes-agent#4651, "
	  "google-gemini/gemini-cli#1458",
	    NEEDS("'a':" STRING ",'b':{'type':'array','items':{'type':"
		  "'object','required':['x']}}",
		"'a','model','a',7"),
	    NEEDS("'a':" STRING ",'b':{'type':'array','items':{'type':"
		  "'object'}}",
		"'a'") },
	{ "required inside: MarkusPfundstein/mcp-gsuite#34",
	    OBJECT("'a':{'type':'string','required':true},'b':{'type':"
		   "'string','required':false}"),
	    NEEDS("'a':" STRING ",'b':" STRING, "'a'") },
	{ "required that is no list",
	    "{'type':'object','properties':{'a':" STRING "},'required':'a'}",
	    OBJECT("'a':" STRING) },
	{ "a member named like a keyword",
	    NEEDS("'properties':" STRING ",'$ref':" STRING ",'required':"
		  "{'type':'integer'}",
		"'properties'"),
	    NEEDS("'properties':" STRING ",'_ref':" STRING ",'required':"
		  "{'type':'integer'}",
		"'properties'") },
};

static char *
text(struct arena *mem, const char *s)
{
	char *out = arena_strdup(mem, s), *at = out;

	while ((at = strchr(at, '\'')) != NULL)
		*at = '"';
	return out;
}

static const json_t *
doc(struct arena *mem, const char *s)
{
	const char *why = NULL, *t = text(mem, s);
	const json_t *out = json_read(mem, t, strlen(t), &why, NULL);

	if (out == NULL)
		fail_msg("%s: %s", why, t);
	return out;
}

static void
what_providers_refused_is_made_fit(void **state)
{
	struct arena *mem = arena_new();
	struct schema_offer offer, again;
	const char *why = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		const json_t *given = doc(mem, CASES[i].given);

		if (schema_fit(given, mem, &offer, &why) == -1)
			fail_msg("%s: %s", CASES[i].what, why);
		if (!json_equal(offer.schema, doc(mem, CASES[i].want)))
			fail_msg("%s: %s", CASES[i].what, offer.text);
		assert_int_equal(offer.changed,
		    !json_equal(given, offer.schema));
		assert_int_equal(schema_fit(offer.schema, mem, &again, &why),
		    0);
		if (again.changed)
			fail_msg("%s, again: %s", CASES[i].what, again.text);
	}
	arena_free(mem);
}

/* The way there and back: names of properties. */
static const struct {
	const char *what, *schema, *offered, *said, *sent;
} NAMES[] = {
	{ "none to change", OBJECT("'a':" STRING), OBJECT("'a':" STRING),
	    "{'a':1}", "{'a':1}" },
	{ "marks: anthropics/claude-code#79418, "
	  "beautyfree/appstore-connect-mcp#2",
	    NEEDS("'filter[id]':" STRING ",'$top':{'type':'integer'}",
		"'filter[id]'"),
	    NEEDS("'filter_id':" STRING ",'_top':{'type':'integer'}",
		"'filter_id'"),
	    "{'filter_id':'x','_top':2,'more':3}",
	    "{'filter[id]':'x','$top':2,'more':3}" },
	{ "the server's own names", OBJECT("'a[b]':" STRING ",'c d':" STRING),
	    OBJECT("'a_b':" STRING ",'c_d':" STRING),
	    "{'a[b]':1,'c_d':2,'a_b':3}", "{'a[b]':1,'c d':2}" },
	{ "two that would be one, and one that is there",
	    OBJECT("'a b':" STRING ",'a$b':" STRING ",'a_b':" STRING),
	    OBJECT("'a_b_2':" STRING ",'a_b_3':" STRING ",'a_b':" STRING),
	    "{'a_b':1,'a_b_2':2,'a_b_3':3}", "{'a_b':1,'a b':2,'a$b':3}" },
	{ "empty, and of other letters: freee/freee-mcp#15",
	    OBJECT("'':" STRING ",'gr\xc3\xbc\xc3\x9f':" STRING),
	    OBJECT("'_':" STRING ",'gr':" STRING), "{'_':1,'gr':2}",
	    "{'':1,'gr\xc3\xbc\xc3\x9f':2}" },
	{ "at every depth",
	    OBJECT("'a':" OBJECT("'b c':" OBJECT(
		"'d/e':" STRING)) ",'l':"
				  "{'type':'array','items':{'type':'array','items':" OBJECT(
				      "'x y':" STRING) "}}"),
	    OBJECT("'a':" OBJECT("'b_c':" OBJECT(
		"'d_e':" STRING)) ",'l':"
				  "{'type':'array','items':{'type':'array','items':" OBJECT(
				      "'x_y':" STRING) "}}"),
	    "{'a':{'b_c':{'d_e':1}},'l':[[{'x_y':2},3],[]]}",
	    "{'a':{'b c':{'d/e':1}},'l':[[{'x y':2},3],[]]}" },
	{ "a name outside its place stays", OBJECT("'a b':{'type':'object'}"),
	    OBJECT("'a_b':{'type':'object'}"), "{'a_b':{'a_b':1}}",
	    "{'a b':{'a_b':1}}" },
	{ "in alternatives",
	    OBJECT("'f':{'anyOf':[" OBJECT("'a b':" STRING) "," OBJECT(
		"'a b':" STRING ",'c d':{'type':'array','items':" OBJECT(
		    "'e f':" STRING) "}") "]}"),
	    OBJECT("'f':{'anyOf':[" OBJECT("'a_b':" STRING) "," OBJECT(
		"'a_b':" STRING ",'c_d':{'type':'array','items':" OBJECT(
		    "'e_f':" STRING) "}") "]}"),
	    "{'f':{'a_b':1,'c_d':[{'e_f':2}]}}",
	    "{'f':{'a b':1,'c d':[{'e f':2}]}}" },
	{ "in references, twice",
	    "{'type':'object','properties':{'a':{'$ref':'#/$defs/A'},'b':"
	    "{'$ref':'#/$defs/A'}},'$defs':{'A':" OBJECT("'x y':" STRING) "}}",
	    OBJECT(
		"'a':" OBJECT("'x_y':" STRING) ",'b':" OBJECT("'x_y':" STRING)),
	    "{'a':{'x_y':1},'b':{'x_y':2}}", "{'a':{'x y':1},'b':{'x y':2}}" },
};

static void
names_have_a_way_back(void **state)
{
	struct arena *mem = arena_new();
	struct schema_offer offer;
	const char *why = NULL;
	const json_t *sent;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(NAMES); i++) {
		assert_int_equal(
		    schema_fit(doc(mem, NAMES[i].schema), mem, &offer, &why),
		    0);
		if (!json_equal(offer.schema, doc(mem, NAMES[i].offered)))
			fail_msg("%s: %s", NAMES[i].what, offer.text);
		sent = schema_restore_arguments(offer.names,
		    doc(mem, NAMES[i].said), mem);
		if (!json_equal(sent, doc(mem, NAMES[i].sent)))
			fail_msg("%s: %s", NAMES[i].what, json_text(mem, sent));
	}
	arena_free(mem);
}

static void
long_names_are_cut(void **state)
{
	struct arena *mem = arena_new();
	struct schema_offer offer;
	const char *why = NULL, *key, *back;
	const json_t *names, *arguments;
	char a[91], b[91];
	json_t *v;

	(void)state;
	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	a[90] = b[90] = '\0';
	b[89] = 'b';
	assert_int_equal(
	    schema_fit(doc(mem,
			   arena_printf(mem,
			       OBJECT("'%s':" STRING ",'%s':" STRING), a, b)),
		mem, &offer, &why),
	    0);
	names = json_object_get(offer.names, "names");
	assert_int_equal(json_object_size(names), 2);
	json_object_foreach((json_t *)(uintptr_t)names, key, v) {
		assert_true(strlen(key) <= 64);
		back = json_string_value(v);
		arguments = schema_restore_arguments(offer.names,
		    json_keep(mem, json_pack("{s:i}", key, 1)), mem);
		assert_non_null(json_object_get(arguments, back));
	}
	arena_free(mem);
}

/* 2^30 of them, put in one another: less is inlined, until it fits. */
static void
references_are_bounded(void **state)
{
	struct arena *mem = arena_new();
	struct buf b = BUF_INIT(1 * MIB);
	struct schema_offer offer;
	const char *why = NULL;
	int i;

	(void)state;
	assert_int_equal(buf_add_str(&b,
			     "{'type':'object','properties':{'a':"
			     "{'$ref':'#/$defs/d0'}},'$defs':{"),
	    0);
	for (i = 0; i < 30; i++)
		assert_int_equal(buf_printf(&b,
				     "'d%d':{'type':'object','properties':"
				     "{'l':{'$ref':'#/$defs/d%d'},'r':{'$ref':"
				     "'#/$defs/d%d'}},'allOf':[{'$ref':"
				     "'#/$defs/d%d'},{'$ref':'#/$defs/d%d'}]"
				     "},",
				     i, i + 1, i + 1, i + 1, i + 1),
		    0);
	assert_int_equal(buf_add_str(&b, "'d30':" STRING "}}"), 0);
	assert_int_equal(schema_fit(doc(mem, buf_str(&b)), mem, &offer, &why),
	    0);
	assert_true(strlen(offer.text) <= SCHEMA_TEXT_MAX);
	assert_non_null(
	    json_object_get(json_object_get(offer.schema, "properties"), "a"));
	buf_fini(&b);
	arena_free(mem);
}

static void
long_words_are_cut_before_a_tool_is_left_out(void **state)
{
	struct arena *mem = arena_new();
	struct buf b = BUF_INIT(4 * MIB);
	struct schema_offer offer;
	const char *why = NULL;
	int i;

	(void)state;
	assert_int_equal(buf_add_str(&b, "{'type':'object','properties':{"), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(buf_printf(&b,
				     "'p%d':{'type':'string','description':"
				     "'%03000d'},",
				     i, 0),
		    0);
	assert_int_equal(buf_add_str(&b, "'last':" STRING "}}"), 0);
	assert_int_equal(schema_fit(doc(mem, buf_str(&b)), mem, &offer, &why),
	    0);
	assert_true(strlen(offer.text) <= SCHEMA_TEXT_MAX);
	assert_int_equal(
	    json_object_size(json_object_get(offer.schema, "properties")), 101);

	buf_reset(&b);
	assert_int_equal(buf_add_str(&b, "{'type':'object','properties':{"), 0);
	for (i = 0; i < 5000; i++)
		assert_int_equal(buf_printf(&b, "'p%d':{'type':'string'},", i),
		    0);
	assert_int_equal(buf_add_str(&b, "'last':" STRING "}}"), 0);
	assert_int_equal(schema_fit(doc(mem, buf_str(&b)), mem, &offer, &why),
	    -1);
	assert_string_equal(why, "its inputSchema is too large");
	buf_fini(&b);
	arena_free(mem);
}

/* An enum of many is told of, not listed. */
static void
a_long_enum_is_told_of(void **state)
{
	struct arena *mem = arena_new();
	struct buf b = BUF_INIT(1 * MIB);
	struct schema_offer offer;
	const char *why = NULL;
	const json_t *a;
	int i;

	(void)state;
	assert_int_equal(buf_add_str(&b,
			     "{'type':'object','properties':{'a':"
			     "{'type':'string','enum':['v'"),
	    0);
	for (i = 0; i < 300; i++)
		assert_int_equal(buf_printf(&b, ",'v%d'", i), 0);
	assert_int_equal(buf_add_str(&b, "]}}}"), 0);
	assert_int_equal(schema_fit(doc(mem, buf_str(&b)), mem, &offer, &why),
	    0);
	a = json_object_get(json_object_get(offer.schema, "properties"), "a");
	assert_null(json_object_get(a, "enum"));
	assert_non_null(strstr(json_member_str(a, "description"),
	    "(such as: [\"v\",\"v0\""));
	buf_fini(&b);
	arena_free(mem);
}

/* A hostile list costs no minutes. */
static void
large_ones_are_given_up_soon(void **state)
{
	struct arena *mem = arena_new();
	struct buf b = BUF_INIT(8 * MIB);
	struct schema_offer offer;
	const char *why = NULL;
	clock_t began; /* the processor's time: others use it, too */
	int i, k;

	(void)state;
	assert_int_equal(buf_add_str(&b, "{'allOf':["), 0);
	for (i = 0; i < 300; i++) {
		assert_int_equal(buf_printf(&b,
				     "%s{'anyOf':[{}],'required':['q'",
				     i > 0 ? "," : ""),
		    0);
		for (k = 0; k < 300; k++)
			assert_int_equal(buf_printf(&b, ",'p%d'", k), 0);
		assert_int_equal(
		    buf_printf(&b, "],'properties':{'q%d':{}}}", i), 0);
	}
	assert_int_equal(buf_add_str(&b, "],'oneOf':["), 0);
	for (i = 0; i < 300; i++) {
		assert_int_equal(
		    buf_printf(&b, "%s{'required':['q'", i > 0 ? "," : ""), 0);
		for (k = 0; k < 300; k++)
			assert_int_equal(buf_printf(&b, ",'p%d'", k), 0);
		assert_int_equal(buf_add_str(&b, "]}"), 0);
	}
	assert_int_equal(buf_add_str(&b, "],'properties':{'q':{}"), 0);
	for (i = 0; i < 20000; i++)
		assert_int_equal(buf_printf(&b, ",'p%d':{}", i), 0);
	assert_int_equal(buf_add_str(&b, "}}"), 0);
	began = clock();
	assert_int_equal(schema_fit(doc(mem, buf_str(&b)), mem, &offer, &why),
	    -1);
	assert_true((clock() - began) / CLOCKS_PER_SEC < 5);
	buf_fini(&b);
	arena_free(mem);
}

/* ${begin}, then ${n} times ${unit} with its number for @, ${middle},
 * ${m} times ${other}, ${end}: what a few bytes of it make a pass copy or
 * print. */
static const struct {
	const char *what, *begin, *unit;
	int n;
	const char *middle, *other;
	int m;
	const char *end;
} COSTLY[] = {
	{ "members that nobody reads, for each branch",
	    "{'type':'object','properties':{'a':{'x':0", ",'x@':0", 40000,
	    ",'anyOf':[{}", ",{'const':'@'}", 3000, "]}}}" },
	{ "members that nobody reads, for each reference",
	    "{'$defs':{'d':{'type':'string'", ",'x@':0", 40000,
	    "}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}", 3000,
	    "}}" },
	{ "a long default", "{'$defs':{'d':{'type':'string','default':[0", ",@",
	    40000, "]}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}",
	    7000, "}}" },
	{ "a default of lists", "{'$defs':{'d':{'type':'string','default':[[0",
	    ",@", 40000, "]]}},'properties':{'p':{}",
	    ",'p@':{'$ref':'#/$defs/d'}", 7000, "}}" },
	{ "a long description",
	    "{'$defs':{'d':{'type':'string','description':'", "@ ", 40000,
	    "'}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}", 7000,
	    "}}" },
	{ "a long list of types", "{'$defs':{'d':{'type':['null'", ",'string@'",
	    40000, "]}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}",
	    7000, "}}" },
	{ "a long enum", "{'$defs':{'d':{'enum':[null", ",null", 40000,
	    "]}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}", 7000,
	    "}}" },
	{ "properties that may not be given",
	    "{'$defs':{'d':{'properties':{'x':false", ",'x@':false", 40000,
	    "}}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}", 7000,
	    "}}" },
	{ "properties that may be anything",
	    "{'$defs':{'d':{'properties':{'x':true", ",'x@':true", 40000,
	    "}}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}", 7000,
	    "}}" },
	{ "branches that are anything", "{'$defs':{'d':{'anyOf':[true", ",true",
	    40000, "]}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}",
	    7000, "}}" },
	{ "names that are required",
	    "{'$defs':{'d':{'type':'object','required':['x'", ",'x@'", 40000,
	    "]}},'properties':{'p':{}", ",'p@':{'$ref':'#/$defs/d'}", 7000,
	    "}}" },
	{ "properties of each part", "{'$defs':{'d':{'properties':{'x':{}",
	    ",'x@':{}", 40000, "}}},'properties':{'p':{}",
	    ",'p@':{'allOf':[{'$ref':'#/$defs/d'}]}", 7000, "}}" },
	{ "parts that are compared", "{'$defs':{'d':{'x':0", ",'x@':0", 40000,
	    "}},'properties':{'p':{}",
	    ",'p@':{'if':{},'then':{'properties':{'a':{'$ref':'#/$defs/d',"
	    "'items':[0]}}},'else':{'properties':{'a':{'items':[1]}}}}",
	    7000, "}}" },
	{ "names that become one name", "{'properties':{'p':{}", "", 0, "",
	    ",'\\u@':'string'", 3900, "}}" },
};

/* @ in ${unit} is ${k}, of four digits or more. */
static void
add_numbered(struct buf *b, const char *unit, int k)
{
	for (; *unit != '\0'; unit++)
		assert_int_equal(*unit == '@' ? buf_printf(b, "%d", k)
					      : buf_add_char(b, *unit),
		    0);
}

/* It is some ten MiB, but a sanitizer keeps 256 MiB that were given back. */
#define COSTLY_BYTES_MAX (512 * MIB)
#define COSTLY_SECONDS_MAX 4 /* of the processor; some tenths */

static void
copies_and_prints_are_counted(void **state)
{
	const char *why;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < NELEM(COSTLY); i++) {
		struct arena *mem = arena_new();
		struct buf b = BUF_INIT(4 * MIB);
		struct schema_offer offer;
		const json_t *given;
		struct rusage before, after;
		clock_t began;
		double took;
		int rc;

		assert_int_equal(buf_add_str(&b, COSTLY[i].begin), 0);
		for (k = 0; k < COSTLY[i].n; k++)
			add_numbered(&b, COSTLY[i].unit, 1000 + k);
		assert_int_equal(buf_add_str(&b, COSTLY[i].middle), 0);
		for (k = 0; k < COSTLY[i].m; k++)
			add_numbered(&b, COSTLY[i].other, 4000 + k);
		assert_int_equal(buf_add_str(&b, COSTLY[i].end), 0);
		given = doc(mem, buf_str(&b));
		assert_non_null(given);
		getrusage(RUSAGE_SELF, &before);
		began = clock();
		rc = schema_fit(given, mem, &offer, &why);
		took = (double)(clock() - began) / CLOCKS_PER_SEC;
		getrusage(RUSAGE_SELF, &after);
		if (took > COSTLY_SECONDS_MAX
		    || (after.ru_maxrss - before.ru_maxrss)
			> (long)(COSTLY_BYTES_MAX / KIB))
			fail_msg("%s: %.1f s, %ld KiB", COSTLY[i].what, took,
			    after.ru_maxrss - before.ru_maxrss);
		if (rc == -1)
			assert_string_equal(why,
			    "its inputSchema is too large");
		buf_fini(&b);
		arena_free(mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_providers_refused_is_made_fit),
		cmocka_unit_test(names_have_a_way_back),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(references_are_bounded),
		cmocka_unit_test(long_words_are_cut_before_a_tool_is_left_out),
		cmocka_unit_test(a_long_enum_is_told_of),
		cmocka_unit_test(large_ones_are_given_up_soon),
		cmocka_unit_test(copies_and_prints_are_counted),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
