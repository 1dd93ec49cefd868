"""A talk about anything, in English. {x} is the topic, {X} with a large letter; matter{s} agrees with it."""

PHRASES = """
for_audience: For {audience}
overview: An overview
untitled: Untitled
this: the topic
alt: {picture}.
plain_alt: A picture for the slide “{title}”.
dwell: Spend most of the time on this point: {line}.
for_them: Say early on what this means for {audience}.
tone: Keep the tone as planned: {tone}.
cover_notes: Say in one sentence what people will know at the end that they do not know now. Then begin.
open: Open questions
summary: The main points
"""

ARC = """
# why: Why it matters
> Give people a reason to listen before you explain anything.
> A single case that everybody recognises does more here than a list.
> Pause after the question and let people answer it for themselves.
> Use your own words and a number that you can stand behind.
Why {x} matter{s}
  Who feels it first, and how | What changes for them in daily life | What happens if nothing is done
  | Why now rather than next year
The question behind {x}
  The question in one sentence | Who asks it, and when | What a good answer would allow | What it leaves open
What is at stake
  What can be gained, in plain terms | What can be lost, and by whom | How soon either would show
  | What cannot be undone later
{X} in everyday life
  Where we meet it in the morning | Where it helps without being noticed | Where it gets in the way
  | What a better day would look like
What most people get wrong about {x}
  The common belief, stated fairly | Where that belief comes from | What it overlooks | A better way to put it
{X} in one minute
  The problem in one line | The idea in one line | The proof in one line | The request in one line
What you will take away
  One thing to remember | One thing to try this week | One thing to tell somebody else
# now: Where we stand
> Describe before you judge; people should recognise their own situation.
> Say what is known, what is assumed, and what nobody knows yet.
> One picture or one number for each point is enough.
> If something has changed recently, say when and why.
{X} today
  What works well already | What works only with effort | What is missing | What has changed in the last year
How we got here
  Where it began | The turning point | What was tried and dropped | What is left of the early days
{X} in figures
  The number that everybody quotes, and its source | The number that surprises | The number that is still missing
  | How these figures were obtained
What is already in place
  Knowledge and experience | Tools and materials | People who can be asked | Agreements that hold
What holds us back
  Habits that no longer fit | Time and money | Rules and dependencies | Questions nobody has answered yet
How others see {x}
  Somebody who does it well | What they do differently | What would not work for us | What is worth copying
The words we use
  Terms that everybody knows | Terms that mean different things to different people | The terms of this talk
# how: A closer look
> Go one step at a time and say where you are in the whole.
> Explain each step with the same example, so that people can follow.
> Ask for questions here; what is unclear now will not become clearer later.
> Leave out every detail that the next step does not need.
A closer look at {x}
  What it is made of | What sets it in motion | What comes of it | What keeps it going
The parts and the whole
  The part everybody sees | The part that does the work | The part that holds it together
  | How the parts depend on each other
Step by step
  What comes first, and why | What can be done side by side | What has to wait | How to tell that a step is done
An example from start to finish
  The starting point | The first decision | The difficult moment | The result
What makes the difference
  The detail that is easily missed | The choice that decides the rest | The effort that pays off most
{X} without the jargon
  In one sentence, for a child | In one comparison, for a newcomer | In one sketch, for a colleague
Where it reaches its limits
  Conditions it depends on | Cases it was not made for | Signs that the limit is near | What to do then
# proof: What the evidence says
> Show where each statement comes from; trust grows with sources.
> Say how sure you are, and what would change your mind.
> Let the strongest piece of evidence stand alone for a moment.
> Name the best argument on the other side and answer it.
What we know about {x}
  Findings that are well supported | Findings that are debated | Where the findings come from | What is still open
What experience shows
  A case that went well | A case that did not | What the two have in common | What we would do again
Before and after
  How it was before | What was changed | What is different now | What has stayed the same
How to tell that it works
  What can be counted | What can be observed | What people say | How often to look
The best objection
  The objection, in its strongest form | What is true about it | What it does not take into account
One result in detail
  The result in one sentence | How it came about | How far it can be trusted | What follows from it
What the evidence does not tell us
  Questions nobody has studied | Groups that were left out | Effects that take longer to show
# people: The people in it
> Speak of people by what they do, not by their titles.
> A short quotation from somebody concerned is worth a slide of its own.
> Look at those who are not in the room as well.
> Thank those who carried the work so far.
Who cares about {x}
  Who gains the most | Who has to change the most | Who decides | Who has not been asked yet
Who does what
  Who starts it | Who keeps it going | Who checks it | Whom to call when it stops
What people need
  To understand what is planned | To be able to do it | To see that it is worth it | To have a say
Voices on {x}
  Somebody who is convinced | Somebody who doubts | Somebody who sees it for the first time
Working together
  What each side brings | Where the handovers are | How we keep each other informed | How we settle disagreement
The roles we play
  The one who asks | The one who builds | The one who teaches | The one who remembers the goal
Learning together
  What can be learnt in an hour | What takes practice | Who can show it | How mistakes are talked about
# takes: What it takes
> Be exact about effort; people forgive a high price sooner than a hidden one.
> Separate what is needed from what would be nice to have.
> Say what you have already and what you still ask for.
> Offer a small version as well as the full one.
What it takes to do it well
  Time, realistically | Money, with a range | Skills we have and skills we need | Support from others
Getting started with {x}
  What is at hand | What has to be obtained | What can be borrowed | What can wait
The plan on one page
  The goal | The three stages | What marks the end of each stage | Who keeps the plan up to date
How long it takes
  The first visible result | Half-way | The point where it runs by itself | What could make it faster
What to do first
  The smallest useful step | Who takes it | By when | How we know that it worked
What to leave out
  What sounds good but does not help | What can be done later | What others do better | What we stop doing
Choosing between options
  The careful option | The bold option | What each costs | What each makes possible | How we will decide
# risks: What could go wrong
> Speak calmly; a risk that is named is easier to deal with.
> For each risk say how one would notice it first.
> Do not end here: go straight on to what can be done.
> Ask whether anybody sees a risk that is missing.
Where things could go wrong
  What is likely but harmless | What is unlikely but serious | What we would notice too late | What we can do today
Early warning signs
  The first small sign | Who would see it | Whom they tell | What happens next
What to do when it fails
  Stop the damage | Find the cause | Tell those concerned | Start again, differently
Questions that people ask about {x}
  Is it worth the effort | Is it safe and fair | What if we wait | What if we are wrong
Common mistakes
  Starting too big | Explaining too little | Measuring the wrong thing | Stopping too early
What we do not know yet
  What we can find out soon | What will stay uncertain | What we assume until then
The price of doing nothing
  What slowly gets worse | What others will do in the meantime | What will be harder later
# ahead: Looking ahead
> Separate what is decided from what is hoped for.
> Make the future concrete: one place, one day, one person.
> Leave room for ideas from the audience.
> Come back to the picture you began with.
Where {x} may lead
  In a year, if things go well | In five years, if we keep at it | What would have to happen | What might surprise us
What stays and what changes
  What we keep on purpose | What we let go | What we add | What we watch
Three ways it could go
  As before, only more of it | Differently, and better | Differently than anybody wants | What decides between them
A wish list
  What would help at once | What would help in the long run | What nobody dares to ask for
What comes after
  The next question | Who will take it up | What they will need from us
The bigger picture
  What this is a part of | What it has in common with other fields | What others can learn from it
A story from the future
  A morning some years from now | What is taken for granted there | What was hard on the way
# next: What to do next
> End with something that people can do, not with a summary of everything.
> Name a person and a date for each step.
> Say thank you, and say where questions can go afterwards.
> Repeat the one sentence that should stay.
What we do next
  The next step, in one sentence | Who takes it | By when | What we need for it
What you can do
  Today, in five minutes | This week, in an hour | Over the next months | Together with others
Decisions to be made
  What has to be decided now | What can wait | Who decides | What the decision depends on
How we stay in touch
  Where news will appear | Whom to ask | When we meet again
How we will measure progress
  One figure to watch | One question to ask regularly | One date to look back
If you remember one thing about {x}
  The main idea in one sentence | Why it matters to you | Where to find more
Thank you, and questions
  What was left open | What you would like to hear more about | How to reach us
"""
