#include "chat/phrases.h"

const char PHRASE_WELCOME[]
    = "Hello! I answer questions with the tools of a personal server.\n"
      "To begin, paste your access token here.";
const char PHRASE_CONNECTED[]
    = "You are connected. Ask me anything, for instance which skills stand "
      "out or what the latest project was.";
const char PHRASE_BAD_TOKEN[]
    = "This token was not accepted. Paste it once more, or ask the owner of "
      "the server for a new one.";
const char PHRASE_TOKEN_SERVER_DOWN[]
    = "The server that checks tokens does not answer just now. Please paste "
      "the token again in a moment.";
const char PHRASE_TOKEN_EXPIRED[]
    = "Your access token is no longer valid. Please paste a new one.";
const char PHRASE_TOKEN_UNSURE[]
    = "Your tools cannot be used just now. You stay connected: please try "
      "again in a moment.";
const char PHRASE_DISCONNECTED[]
    = "You are disconnected and your token is forgotten. Paste an access token "
      "to come back.";
const char PHRASE_CLEARED[]
    = "This conversation is forgotten. You can go on writing at any time.";
const char PHRASE_RESET[] = "I have forgotten what we talked about so far.";
const char PHRASE_MODEL_FAILED[]
    = "Sorry, the language model cannot be reached just now. Please try again "
      "in a little while.";
const char PHRASE_OFTEN[]
    = "Sorry, the language model is asked too often just now. Please try again "
      "in a moment.";
const char PHRASE_TOO_LONG[]
    = "This conversation has become too long for the model. Send /reset to "
      "begin anew, or a shorter message.";
const char PHRASE_EMPTY[]
    = "Sorry, the model had nothing to say to that. Please put it differently.";
const char PHRASE_FOUND_DATA[]
    = "I found something, but could not put it into words. Please ask me to "
      "summarise it.";
const char PHRASE_REFUSED[] = "The model declined to answer this message.";
const char PHRASE_FILTERED[]
    = "A filter of the model's provider declined this message. Please put it "
      "differently.";
const char PHRASE_QUOTA[]
    = "Sorry, the quota or credit of the language model is used up. This needs "
      "the operator; trying again will not help.";
const char PHRASE_LIMITED[]
    = "Sorry, the language model takes no more questions just now: its quota "
      "for a time is used up.";
const char PHRASE_DENIED[]
    = "Sorry, the provider of the language model rejected the API key. This "
      "needs the operator; trying again will not help.";
const char PHRASE_UNKNOWN_MODEL[]
    = "Sorry, the language model that is set up here does not exist at its "
      "provider, or may not be used. This needs the operator; trying again "
      "will not help.";
const char PHRASE_ADDRESS[]
    = "Sorry, the address that is set up here is not that of a language model. "
      "This needs the operator; trying again will not help.";
const char PHRASE_UNREACHABLE[]
    = "Sorry, the connection to the language model is not set up correctly. "
      "This needs the operator; trying again will not help.";
const char PHRASE_UNCHOSEN[]
    = "Sorry, nobody has chosen yet which language model answers here. This "
      "needs the operator; trying again will not help.";
const char PHRASE_INVALID[]
    = "Sorry, the language model's server refused this question. This needs "
      "the operator, who finds the reason in the log; trying again will not "
      "help.";
const char PHRASE_LOADING[]
    = "The language model is still being loaded. Please send your message "
      "again in a few minutes.";
const char PHRASE_LIMIT[]
    = "Sorry, the model used up all that it may write for one answer before "
      "it came to any words. Please ask for less at a time; the operator can "
      "raise llm.max_tokens.";
const char PHRASE_CUT_OFF[]
    = "(The answer was cut off here. Ask me to go on if you need the rest.)";
const char PHRASE_FILTER_STOPPED[]
    = "(A filter of the model's provider stopped the answer here. Please put "
      "your question differently.)";
const char PHRASE_FORGOTTEN[]
    = "(This conversation is too long for the model: its oldest part was left "
      "out of this question. Send /reset to begin a new one.)";
const char PHRASE_STOPPED[] = "Stopped.";
const char PHRASE_EXPIRED[]
    = "Sorry, your message waited too long to be answered. Please send it "
      "again if it still matters.";
const char PHRASE_DEAD[]
    = "Sorry, this message could not be answered. The operator has been told.";
const char PHRASE_LATE[]
    = "Sorry, this took too long and was given up. Please try again, perhaps "
      "with a smaller question.";
const char PHRASE_BUDGET_TURN[]
    = "This question needs more than one answer may cost here. Please ask for "
      "less at a time.";
const char PHRASE_BUDGET_CHAT[]
    = "Today's allowance for the language model is used up. Please come back "
      "tomorrow.";
const char PHRASE_HIGHER_TIER[] = "(Part of this needs a higher-tier token.)";
const char PHRASE_SUMMARISE[]
    = "Call no more tools. Sum up for the person what the tools have "
      "returned.";
const char PHRASE_OUTCOME_UNKNOWN[]
    = "The call was interrupted; whether it took effect is unknown. Tell the "
      "person so, and do not repeat the call without being asked.";
const char PHRASE_TOOL_ASKS[]
    = "This tool needs an answer from a person in between, which is not "
      "possible from a chat yet.";
const char PHRASE_TOOL_LATER[]
    = "This tool goes on in the background and gives its result later, which "
      "is not possible from a chat yet.";
const char PHRASE_TOOL_SILENT[] = "The tool ended and returned nothing.";
const char PHRASE_TOOL_SILENT_FAILURE[]
    = "The tool failed and did not say why.";

const char *
phrase_of(enum llm_rc rc)
{
	static const char *const PHRASES[LLM_RC_N] = {
		[LLM_EMPTY] = PHRASE_EMPTY,
		[LLM_CONTEXT] = PHRASE_TOO_LONG,
		[LLM_FILTERED] = PHRASE_FILTERED,
		[LLM_LOADING] = PHRASE_LOADING,
		[LLM_QUOTA] = PHRASE_QUOTA,
		[LLM_DENIED] = PHRASE_DENIED,
		[LLM_MODEL] = PHRASE_UNKNOWN_MODEL,
		[LLM_ADDRESS] = PHRASE_ADDRESS,
		[LLM_UNREACHABLE] = PHRASE_UNREACHABLE,
		[LLM_UNCHOSEN] = PHRASE_UNCHOSEN,
		[LLM_INVALID] = PHRASE_INVALID,
	};

	return PHRASES[rc] != NULL ? PHRASES[rc] : PHRASE_MODEL_FAILED;
}
