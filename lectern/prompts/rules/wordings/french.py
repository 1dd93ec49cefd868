"""A talk about anything, in French. {x} is the topic, {X} with a large letter; where it needs no article."""

PHRASES = """
for_audience: Pour {audience}
overview: Vue d'ensemble
untitled: Sans titre
this: le sujet
alt: {picture}.
plain_alt: Image de la diapositive « {title} ».
dwell: Consacrez l'essentiel du temps à ce point : {line}.
for_them: Dites tôt ce que cela change pour ce public : {audience}.
tone: Gardez le ton prévu : {tone}.
cover_notes: Dites en une phrase ce que le public saura à la fin et qu'il ignore encore. Puis commencez.
open: Questions ouvertes
summary: L'essentiel
"""

ARC = """
# why: Pourquoi c'est important
> Donnez une raison d'écouter avant d'expliquer quoi que ce soit.
> Un seul cas que tout le monde reconnaît vaut mieux ici qu'une liste.
> Faites une pause après la question et laissez chacun y répondre.
> Parlez avec vos mots et citez un chiffre que vous pouvez défendre.
{X} : pourquoi c'est important
  Qui le ressent en premier, et comment | Ce qui change au quotidien | Ce qui arrive si l'on ne fait rien
  | Pourquoi maintenant
La question de fond
  La question en une phrase | Qui la pose, et quand | Ce qu'une bonne réponse permettrait | Ce qu'elle laisse ouvert
Ce qui est en jeu
  Ce que l'on peut gagner | Ce que l'on peut perdre, et qui le perdrait | Dans quel délai | Ce qui serait irréversible
{X} au quotidien
  Où on le rencontre le matin | Où cela aide sans qu'on le remarque | Où cela gêne
  | À quoi ressemblerait un meilleur jour
{X} : l'idée reçue la plus répandue
  L'idée, exposée loyalement | D'où elle vient | Ce qu'elle oublie | Comment mieux le dire
{X} en une minute
  Le problème en une phrase | L'idée en une phrase | La preuve en une phrase | La demande en une phrase
Ce que vous retiendrez
  Une chose à retenir | Une chose à essayer cette semaine | Une chose à raconter
# now: Où nous en sommes
> Décrivez avant de juger ; chacun doit reconnaître sa situation.
> Dites ce qui est connu, ce qui est supposé et ce que personne ne sait.
> Une image ou un chiffre par point suffit.
> Si quelque chose a changé récemment, dites quand et pourquoi.
{X} aujourd'hui
  Ce qui va déjà bien | Ce qui demande beaucoup d'efforts | Ce qui manque | Ce qui a changé depuis un an
Comment on en est arrivé là
  Où tout a commencé | Le tournant | Ce qui a été essayé puis abandonné | Ce qu'il reste des débuts
{X} en chiffres
  Le chiffre que tous citent, avec sa source | Le chiffre qui surprend | Le chiffre qui manque encore
  | Comment ces chiffres ont été obtenus
Ce qui existe déjà
  Connaissances et expérience | Outils et matériel | Personnes à qui demander | Accords qui tiennent
Ce qui nous freine
  Des habitudes dépassées | Le temps et l'argent | Les règles et les dépendances | Les questions sans réponse
Comment d'autres voient les choses
  Quelqu'un qui réussit | Ce qu'il fait autrement | Ce qui ne nous conviendrait pas | Ce qui mérite d'être repris
Les mots que nous employons
  Les termes connus de tous | Les termes que chacun comprend à sa façon | Les termes retenus aujourd'hui
# how: De plus près
> Avancez pas à pas et dites où vous en êtes.
> Gardez le même exemple pour que chacun puisse suivre.
> Demandez ici s'il y a des questions ; ce qui est flou le restera.
> Laissez de côté tout détail inutile à l'étape suivante.
{X} : regardons de plus près
  De quoi c'est fait | Ce qui le met en mouvement | Ce qui en résulte | Ce qui le fait durer
Les parties et le tout
  La partie que tout le monde voit | La partie qui fait le travail | La partie qui relie l'ensemble | Leurs dépendances
Étape par étape
  Ce qui vient d'abord, et pourquoi | Ce qui peut avancer en parallèle | Ce qui doit attendre
  | Quand une étape est finie
Un exemple du début à la fin
  Le point de départ | La première décision | Le moment difficile | Le résultat
Ce qui fait la différence
  Le détail qui échappe facilement | Le choix dont dépend le reste | L'effort le plus rentable
{X} sans jargon
  En une phrase, pour un enfant | En une comparaison, pour un débutant | En un croquis, pour un collègue
Les limites
  Les conditions nécessaires | Les cas qui n'étaient pas prévus | Les signes que la limite approche
# proof: Ce que disent les faits
> Montrez d'où vient chaque affirmation ; les sources créent la confiance.
> Dites à quel point vous êtes sûr, et ce qui vous ferait changer d'avis.
> Laissez la preuve la plus forte seule un instant.
> Citez le meilleur argument contraire et répondez-y.
{X} : ce que nous savons
  Ce qui est bien établi | Ce qui est discuté | D'où viennent ces résultats | Ce qui reste ouvert
Ce que montre l'expérience
  Un cas réussi | Un cas manqué | Ce qu'ils ont en commun | Ce que nous referions
Avant et après
  Comment c'était avant | Ce qui a été changé | Ce qui est différent | Ce qui est resté pareil
À quoi reconnaître que cela marche
  Ce que l'on peut compter | Ce que l'on peut observer | Ce que les gens disent | À quelle fréquence regarder
La meilleure objection
  L'objection dans sa forme la plus forte | Ce qu'elle a de juste | Ce dont elle ne tient pas compte
Un résultat en détail
  Le résultat en une phrase | Comment il a été obtenu | Quelle confiance lui accorder | Ce qui en découle
Ce que les faits ne disent pas
  Les questions que personne n'a étudiées | Les groupes oubliés | Les effets plus lents à paraître
# people: Les personnes concernées
> Présentez les gens par ce qu'ils font, non par leur titre.
> Une courte citation d'une personne concernée mérite sa diapositive.
> Pensez aussi à ceux qui ne sont pas dans la salle.
> Remerciez ceux qui ont porté le travail jusqu'ici.
{X} : qui est concerné
  Qui y gagne le plus | Qui doit changer le plus | Qui décide | Qui n'a pas encore été consulté
Qui fait quoi
  Qui lance | Qui entretient | Qui vérifie | Qui appeler en cas de panne
Ce dont les gens ont besoin
  Comprendre ce qui est prévu | Pouvoir le faire | Voir que cela en vaut la peine | Avoir leur mot à dire
Des voix différentes
  Quelqu'un de convaincu | Quelqu'un qui doute | Quelqu'un qui découvre
Travailler ensemble
  Ce que chacun apporte | Où se font les relais | Comment nous nous informons | Comment nous réglons les désaccords
Les rôles
  Celui qui questionne | Celui qui construit | Celui qui transmet | Celui qui rappelle le but
Apprendre ensemble
  Ce qui s'apprend en une heure | Ce qui demande de la pratique | Qui peut le montrer | Comment parler des erreurs
# takes: Ce qu'il faut
> Soyez précis sur l'effort ; on pardonne mieux un prix élevé qu'un prix caché.
> Séparez le nécessaire de ce qui serait agréable.
> Dites ce que vous avez déjà et ce que vous demandez encore.
> Proposez une petite version à côté de la grande.
Ce que cela demande
  Du temps, sans optimisme | De l'argent, avec une fourchette | Des compétences, présentes et manquantes | Du soutien
{X} : pour commencer
  Ce que l'on a sous la main | Ce qu'il faut se procurer | Ce que l'on peut emprunter | Ce qui peut attendre
Le plan en une page
  Le but | Les trois étapes | Ce qui marque la fin de chacune | Qui tient le plan à jour
Combien de temps il faut
  Le premier résultat visible | La mi-parcours | Le moment où tout avance seul | Ce qui pourrait accélérer
Par quoi commencer
  Le plus petit pas utile | Qui le fait | Pour quand | Comment savoir s'il a réussi
Ce que nous laissons de côté
  Ce qui sonne bien sans aider | Ce qui peut se faire plus tard | Ce que d'autres font mieux | Ce que nous arrêtons
Choisir entre les options
  L'option prudente | L'option audacieuse | Le prix de chacune | Ce que chacune permet | Comment nous déciderons
# risks: Ce qui pourrait mal tourner
> Parlez calmement ; un risque nommé est plus facile à traiter.
> Pour chaque risque, dites à quoi on le remarquerait d'abord.
> Ne vous arrêtez pas là ; passez aussitôt à ce que l'on peut faire.
> Demandez si quelqu'un voit un risque oublié.
Où les choses peuvent mal tourner
  Le probable mais bénin | Le rare mais grave | Ce que nous verrions trop tard | Ce que nous pouvons faire aujourd'hui
Les premiers signes
  Le premier petit signe | Qui le verrait | À qui le dire | Ce qui se passe ensuite
En cas d'échec
  Arrêter les dégâts | Trouver la cause | Prévenir les personnes touchées | Recommencer autrement
{X} : les questions fréquentes
  Cela en vaut-il la peine | Est-ce sûr et juste | Et si nous attendions | Et si nous nous trompions
Les erreurs courantes
  Commencer trop grand | Expliquer trop peu | Mesurer la mauvaise chose | S'arrêter trop tôt
Ce que nous ne savons pas encore
  Ce que nous saurons bientôt | Ce qui restera incertain | Ce que nous supposons d'ici là
Le prix de l'inaction
  Ce qui se dégrade lentement | Ce que d'autres feront entre-temps | Ce qui sera plus dur ensuite
# ahead: Et demain
> Séparez ce qui est décidé de ce qui est espéré.
> Rendez l'avenir concret : un lieu, un jour, une personne.
> Laissez de la place aux idées du public.
> Revenez à l'image du début.
{X} : où cela peut mener
  Dans un an, si tout va bien | Dans cinq ans, si l'on persévère | Ce qui devrait se produire | Ce qui peut surprendre
Ce qui reste et ce qui change
  Ce que nous gardons exprès | Ce que nous laissons | Ce que nous ajoutons | Ce que nous surveillons
Trois avenirs possibles
  Comme avant, en plus grand | Autrement, et mieux | Autrement, sans que personne le veuille
  | Ce qui fait pencher la balance
Une liste de souhaits
  Ce qui aiderait tout de suite | Ce qui aiderait à la longue | Ce que personne n'ose demander
Ce qui vient après
  La question suivante | Qui s'en chargera | Ce dont il aura besoin
Une vue plus large
  De quoi cela fait partie | Ce que cela partage avec d'autres domaines | Ce que d'autres peuvent en apprendre
Une histoire venue du futur
  Un matin dans quelques années | Ce qui y va de soi | Ce qui a été difficile en chemin
# next: Et maintenant
> Terminez par une chose à faire, non par un résumé de tout.
> Donnez un nom et une date pour chaque étape.
> Remerciez, et dites où adresser les questions ensuite.
> Répétez la phrase qui doit rester.
Nos prochaines étapes
  La prochaine étape en une phrase | Qui la fait | Pour quand | Ce qu'il nous faut
Ce que vous pouvez faire
  Aujourd'hui, en cinq minutes | Cette semaine, en une heure | Dans les prochains mois | Avec d'autres
Les décisions à prendre
  Ce qu'il faut décider maintenant | Ce qui peut attendre | Qui décide | De quoi cela dépend
Comment rester en contact
  Où paraîtront les nouvelles | À qui s'adresser | Quand nous nous reverrons
Comment mesurer les progrès
  Un chiffre à suivre | Une question à poser souvent | Une date pour faire le point
{X} : une seule chose à retenir
  L'idée principale en une phrase | Pourquoi elle vous concerne | Où en savoir plus
Merci, et vos questions
  Ce qui est resté ouvert | Ce que vous aimeriez approfondir | Comment nous joindre
"""
