"""A talk about anything, in German. {x} is the topic, {X} with a large letter; where its case never changes."""

PHRASES = """
for_audience: Für {audience}
overview: Ein Überblick
untitled: Ohne Titel
this: das Thema
alt: {picture}.
plain_alt: Bild zur Folie „{title}“.
dwell: Verwenden Sie die meiste Zeit auf diesen Punkt: {line}.
for_them: Sagen Sie früh, was das für diese Zuhörer bedeutet: {audience}.
tone: Bleiben Sie im geplanten Ton: {tone}.
cover_notes: Sagen Sie in einem Satz, was die Zuhörer am Ende wissen, das sie jetzt nicht wissen. Dann beginnen Sie.
open: Offene Fragen
summary: Das Wichtigste
"""

ARC = """
# why: Warum es wichtig ist
> Geben Sie den Zuhörern einen Grund zuzuhören, bevor Sie etwas erklären.
> Ein Fall, den alle kennen, leistet hier mehr als eine Liste.
> Machen Sie nach der Frage eine Pause, damit jeder sie für sich beantwortet.
> Nehmen Sie eigene Worte und eine Zahl, zu der Sie stehen.
{X}: warum es darauf ankommt
  Wer es zuerst spürt, und wie | Was sich im Alltag ändert | Was geschieht, wenn nichts geschieht | Warum gerade jetzt
Die Frage dahinter
  Die Frage in einem Satz | Wer sie stellt, und wann | Was eine gute Antwort möglich macht | Was sie offen lässt
Was auf dem Spiel steht
  Was zu gewinnen ist | Was zu verlieren ist, und für wen | Wie bald man es merkt | Was sich nicht mehr ändern lässt
{X} im Alltag
  Wo es uns morgens begegnet | Wo es unbemerkt hilft | Wo es stört | Wie ein besserer Tag aussähe
{X}: das häufigste Missverständnis
  Die verbreitete Meinung, fair wiedergegeben | Woher sie kommt | Was sie übersieht | Wie man es besser sagt
{X} in einer Minute
  Das Problem in einem Satz | Die Idee in einem Satz | Der Beleg in einem Satz | Die Bitte in einem Satz
Was Sie mitnehmen
  Eine Sache zum Merken | Eine Sache zum Ausprobieren | Eine Sache zum Weitererzählen
# now: Wo wir stehen
> Beschreiben Sie, bevor Sie werten; die Zuhörer sollen sich wiedererkennen.
> Sagen Sie, was bekannt ist, was angenommen wird und was niemand weiß.
> Ein Bild oder eine Zahl je Punkt genügt.
> Wenn sich kürzlich etwas geändert hat, sagen Sie, wann und warum.
{X} heute
  Was schon gut gelingt | Was nur mit Mühe gelingt | Was fehlt | Was sich im letzten Jahr geändert hat
Wie es dazu kam
  Wo es begann | Der Wendepunkt | Was versucht und verworfen wurde | Was vom Anfang geblieben ist
{X} in Zahlen
  Die Zahl, die alle nennen, mit Quelle | Die Zahl, die überrascht | Die Zahl, die noch fehlt | Woher die Zahlen stammen
Was schon da ist
  Wissen und Erfahrung | Werkzeuge und Material | Menschen, die man fragen kann | Absprachen, die gelten
Was uns aufhält
  Gewohnheiten, die nicht mehr passen | Zeit und Geld | Regeln und Abhängigkeiten | Unbeantwortete Fragen
Wie andere es sehen
  Jemand, der es gut macht | Was dort anders ist | Was für uns nicht taugt | Was wir übernehmen könnten
Die Wörter, die wir verwenden
  Begriffe, die jeder kennt | Begriffe, die jeder anders versteht | Die Begriffe dieses Vortrags
# how: Genauer betrachtet
> Gehen Sie Schritt für Schritt vor und sagen Sie, wo Sie gerade sind.
> Bleiben Sie bei einem Beispiel, damit alle folgen können.
> Bitten Sie hier um Fragen; was jetzt unklar ist, wird später nicht klarer.
> Lassen Sie jede Einzelheit weg, die der nächste Schritt nicht braucht.
{X} genauer betrachtet
  Woraus es besteht | Was es in Gang setzt | Was daraus entsteht | Was es in Gang hält
Die Teile und das Ganze
  Der Teil, den alle sehen | Der Teil, der die Arbeit tut | Der Teil, der alles zusammenhält | Wie sie zusammenhängen
Schritt für Schritt
  Was zuerst kommt, und warum | Was nebeneinander geht | Was warten muss | Woran man merkt, dass ein Schritt getan ist
Ein Beispiel von Anfang bis Ende
  Der Ausgangspunkt | Die erste Entscheidung | Der schwierige Moment | Das Ergebnis
Was den Unterschied macht
  Die Einzelheit, die man leicht übersieht | Die Wahl, von der alles abhängt | Die Mühe, die sich am meisten lohnt
{X} ohne Fachwörter
  In einem Satz, für ein Kind | In einem Vergleich, für Neulinge | In einer Skizze, für Kollegen
Wo die Grenzen liegen
  Bedingungen, die erfüllt sein müssen | Fälle, für die es nicht gedacht ist | Zeichen, dass die Grenze nah ist
# proof: Was sich belegen lässt
> Zeigen Sie, woher jede Aussage stammt; Quellen schaffen Vertrauen.
> Sagen Sie, wie sicher Sie sind und was Ihre Meinung ändern würde.
> Lassen Sie den stärksten Beleg einen Moment für sich stehen.
> Nennen Sie das beste Gegenargument und antworten Sie darauf.
{X}: was wir wissen
  Was gut belegt ist | Was umstritten ist | Woher die Erkenntnisse stammen | Was noch offen ist
Was die Erfahrung zeigt
  Ein Fall, der gut ging | Ein Fall, der nicht gut ging | Was beide gemeinsam haben | Was wir wieder so machen würden
Vorher und nachher
  Wie es vorher war | Was geändert wurde | Was jetzt anders ist | Was gleich geblieben ist
Woran man den Erfolg erkennt
  Was man zählen kann | Was man beobachten kann | Was die Leute sagen | Wie oft man hinsehen sollte
Der beste Einwand
  Der Einwand in seiner stärksten Form | Was daran stimmt | Was er nicht berücksichtigt
Ein Ergebnis im Einzelnen
  Das Ergebnis in einem Satz | Wie es zustande kam | Wie weit man ihm trauen kann | Was daraus folgt
Was die Belege nicht sagen
  Fragen, die niemand untersucht hat | Gruppen, die nicht vorkamen | Wirkungen, die sich erst später zeigen
# people: Die Menschen dahinter
> Sprechen Sie von Menschen durch das, was sie tun, nicht durch ihre Titel.
> Ein kurzes Zitat von jemandem, den es betrifft, verdient eine eigene Folie.
> Denken Sie auch an die, die nicht im Raum sind.
> Danken Sie denen, die die Arbeit bisher getragen haben.
{X}: wen es angeht
  Wer am meisten gewinnt | Wer am meisten ändern muss | Wer entscheidet | Wer noch nicht gefragt wurde
Wer was tut
  Wer es beginnt | Wer es am Laufen hält | Wer es prüft | Wen man anruft, wenn es stockt
Was die Menschen brauchen
  Verstehen, was geplant ist | Es tun können | Sehen, dass es sich lohnt | Mitreden können
Stimmen dazu
  Jemand, der überzeugt ist | Jemand, der zweifelt | Jemand, der es zum ersten Mal sieht
Zusammenarbeit
  Was jede Seite einbringt | Wo die Übergaben sind | Wie wir uns informieren | Wie wir Streit klären
Die Rollen
  Wer fragt | Wer baut | Wer lehrt | Wer an das Ziel erinnert
Gemeinsam lernen
  Was man in einer Stunde lernt | Was Übung braucht | Wer es zeigen kann | Wie wir über Fehler reden
# takes: Was es braucht
> Seien Sie beim Aufwand genau; ein hoher Preis wird eher verziehen als ein versteckter.
> Trennen Sie, was nötig ist, von dem, was schön wäre.
> Sagen Sie, was Sie schon haben und worum Sie noch bitten.
> Bieten Sie neben der großen auch eine kleine Fassung an.
Was es dafür braucht
  Zeit, realistisch geschätzt | Geld, mit Spanne | Fähigkeiten, vorhandene und fehlende | Unterstützung von anderen
{X}: so fängt man an
  Was zur Hand ist | Was beschafft werden muss | Was man leihen kann | Was warten kann
Der Plan auf einer Seite
  Das Ziel | Die drei Abschnitte | Woran jeder Abschnitt endet | Wer den Plan pflegt
Wie lange es dauert
  Das erste sichtbare Ergebnis | Die Hälfte | Der Punkt, von dem an es von selbst läuft | Was es beschleunigt
Was zuerst zu tun ist
  Der kleinste nützliche Schritt | Wer ihn geht | Bis wann | Woran wir merken, dass er gelungen ist
Was wir weglassen
  Was gut klingt, aber nicht hilft | Was später geht | Was andere besser können | Womit wir aufhören
Zwischen den Möglichkeiten wählen
  Die vorsichtige Lösung | Die mutige Lösung | Was jede kostet | Was jede ermöglicht | Wie wir entscheiden
# risks: Was schiefgehen kann
> Sprechen Sie ruhig; ein benanntes Risiko ist leichter zu beherrschen.
> Sagen Sie bei jedem Risiko, woran man es zuerst bemerkt.
> Hören Sie hier nicht auf, sondern gehen Sie gleich zu dem über, was zu tun ist.
> Fragen Sie, ob jemand ein Risiko sieht, das fehlt.
Wo es schiefgehen kann
  Was häufig, aber harmlos ist | Was selten, aber ernst ist | Was wir zu spät merken würden | Was wir heute tun können
Frühe Warnzeichen
  Das erste kleine Zeichen | Wer es sieht | Wem er es sagt | Was dann geschieht
Wenn es nicht gelingt
  Den Schaden begrenzen | Die Ursache finden | Die Betroffenen informieren | Anders neu anfangen
{X}: was oft gefragt wird
  Lohnt sich die Mühe | Ist es sicher und gerecht | Was, wenn wir warten | Was, wenn wir uns irren
Häufige Fehler
  Zu groß anfangen | Zu wenig erklären | Das Falsche messen | Zu früh aufhören
Was wir noch nicht wissen
  Was sich bald klären lässt | Was ungewiss bleibt | Wovon wir bis dahin ausgehen
Der Preis des Nichtstuns
  Was langsam schlechter wird | Was andere in der Zwischenzeit tun | Was später schwerer wird
# ahead: Blick nach vorn
> Trennen Sie, was beschlossen ist, von dem, was erhofft wird.
> Machen Sie die Zukunft greifbar: ein Ort, ein Tag, ein Mensch.
> Lassen Sie Raum für Ideen aus dem Publikum.
> Kommen Sie auf das Bild vom Anfang zurück.
{X}: wohin es führen kann
  In einem Jahr, wenn es gut geht | In fünf Jahren, wenn wir dranbleiben | Was dafür geschehen müsste
  | Was uns überraschen kann
Was bleibt und was sich ändert
  Was wir bewusst behalten | Was wir loslassen | Was hinzukommt | Was wir beobachten
Drei Wege in die Zukunft
  Wie bisher, nur mehr davon | Anders, und besser | Anders, als es jemand will | Was den Ausschlag gibt
Eine Wunschliste
  Was sofort helfen würde | Was auf lange Sicht helfen würde | Was sich niemand zu wünschen traut
Was danach kommt
  Die nächste Frage | Wer sie aufgreift | Was er von uns braucht
Das größere Bild
  Wovon es ein Teil ist | Was es mit anderen Gebieten verbindet | Was andere daraus lernen können
Eine Geschichte aus der Zukunft
  Ein Morgen in einigen Jahren | Was dort selbstverständlich ist | Was auf dem Weg schwer war
# next: Wie es weitergeht
> Enden Sie mit etwas, das man tun kann, nicht mit einer Zusammenfassung von allem.
> Nennen Sie für jeden Schritt eine Person und einen Termin.
> Danken Sie und sagen Sie, wohin man sich mit Fragen wenden kann.
> Wiederholen Sie den einen Satz, der bleiben soll.
Unsere nächsten Schritte
  Der nächste Schritt in einem Satz | Wer ihn geht | Bis wann | Was wir dafür brauchen
Was Sie tun können
  Heute, in fünf Minuten | Diese Woche, in einer Stunde | In den nächsten Monaten | Gemeinsam mit anderen
Was zu entscheiden ist
  Was jetzt entschieden werden muss | Was warten kann | Wer entscheidet | Wovon es abhängt
Wie wir in Verbindung bleiben
  Wo Neues zu lesen ist | Wen man fragt | Wann wir uns wiedersehen
Woran wir den Fortschritt messen
  Eine Zahl, auf die wir achten | Eine Frage, die wir regelmäßig stellen | Ein Termin für den Rückblick
{X}: das Eine, das bleibt
  Der Kern in einem Satz | Warum er Sie angeht | Wo Sie mehr finden
Vielen Dank, und Ihre Fragen
  Was offen geblieben ist | Worüber Sie gern mehr hören | Wie Sie uns erreichen
"""
