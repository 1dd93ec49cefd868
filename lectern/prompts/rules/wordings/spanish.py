"""A talk about anything, in Spanish. {x} is the topic, {X} with a large letter; where it needs no article."""

PHRASES = """
for_audience: Para {audience}
overview: Una visión general
untitled: Sin título
this: el tema
alt: {picture}.
plain_alt: Imagen de la diapositiva «{title}».
dwell: Dedique la mayor parte del tiempo a este punto: {line}.
for_them: Diga pronto qué significa esto para este público: {audience}.
tone: Mantenga el tono previsto: {tone}.
cover_notes: Diga en una frase qué sabrá el público al final que ahora no sabe. Después, empiece.
open: Preguntas abiertas
summary: Lo esencial
"""

ARC = """
# why: Por qué importa
> Dé una razón para escuchar antes de explicar nada.
> Un solo caso que todos reconozcan vale aquí más que una lista.
> Haga una pausa después de la pregunta y deje que cada uno la responda.
> Use sus propias palabras y una cifra que pueda defender.
{X}: por qué importa
  Quién lo nota primero, y cómo | Qué cambia en el día a día | Qué pasa si no se hace nada | Por qué ahora
La pregunta de fondo
  La pregunta en una frase | Quién la hace, y cuándo | Qué permitiría una buena respuesta | Qué deja abierto
Lo que está en juego
  Qué se puede ganar | Qué se puede perder, y quién lo perdería | En cuánto tiempo se notaría
  | Qué no tendría vuelta atrás
{X} en la vida diaria
  Dónde lo encontramos por la mañana | Dónde ayuda sin que se note | Dónde estorba | Cómo sería un día mejor
{X}: el malentendido más común
  La creencia, expuesta con justicia | De dónde viene | Qué pasa por alto | Cómo decirlo mejor
{X} en un minuto
  El problema en una frase | La idea en una frase | La prueba en una frase | La petición en una frase
Lo que se llevará hoy
  Algo para recordar | Algo para probar esta semana | Algo para contar a otra persona
# now: Dónde estamos
> Describa antes de juzgar; la gente debe reconocer su situación.
> Diga qué se sabe, qué se supone y qué no sabe nadie.
> Basta una imagen o una cifra por punto.
> Si algo ha cambiado hace poco, diga cuándo y por qué.
{X} hoy
  Lo que ya funciona bien | Lo que solo sale con esfuerzo | Lo que falta | Lo que ha cambiado en el último año
Cómo hemos llegado aquí
  Dónde empezó | El punto de inflexión | Lo que se probó y se dejó | Lo que queda de los comienzos
{X} en cifras
  La cifra que todos citan, con su fuente | La cifra que sorprende | La cifra que aún falta | Cómo se obtuvieron
Lo que ya tenemos
  Conocimiento y experiencia | Herramientas y materiales | Personas a las que preguntar | Acuerdos que se cumplen
Lo que nos frena
  Hábitos que ya no encajan | Tiempo y dinero | Reglas y dependencias | Preguntas sin responder
Cómo lo ven otros
  Alguien que lo hace bien | Qué hace de otra manera | Qué no nos serviría | Qué merece la pena copiar
Las palabras que usamos
  Términos que todos conocen | Términos que cada uno entiende a su manera | Los términos de esta charla
# how: Más de cerca
> Avance paso a paso y diga en qué punto está.
> Use siempre el mismo ejemplo para que todos puedan seguirle.
> Pida preguntas aquí; lo que ahora no está claro no lo estará después.
> Deje fuera todo detalle que el paso siguiente no necesite.
{X}, más de cerca
  De qué se compone | Qué lo pone en marcha | Qué resulta de ello | Qué lo mantiene en marcha
Las partes y el todo
  La parte que todos ven | La parte que hace el trabajo | La parte que lo une todo | Cómo dependen unas de otras
Paso a paso
  Qué va primero, y por qué | Qué puede hacerse a la vez | Qué tiene que esperar | Cómo saber que un paso está hecho
Un ejemplo de principio a fin
  El punto de partida | La primera decisión | El momento difícil | El resultado
Lo que marca la diferencia
  El detalle que se escapa | La elección que decide el resto | El esfuerzo que más compensa
{X} sin tecnicismos
  En una frase, para un niño | En una comparación, para quien empieza | En un dibujo, para un colega
Dónde están los límites
  Condiciones de las que depende | Casos para los que no está pensado | Señales de que el límite está cerca
# proof: Lo que dicen los hechos
> Muestre de dónde sale cada afirmación; las fuentes dan confianza.
> Diga qué seguridad tiene y qué le haría cambiar de opinión.
> Deje sola por un momento la prueba más fuerte.
> Nombre el mejor argumento contrario y respóndalo.
{X}: lo que sabemos
  Lo que está bien probado | Lo que se discute | De dónde vienen los resultados | Lo que sigue abierto
Lo que enseña la experiencia
  Un caso que salió bien | Un caso que salió mal | Qué tienen en común | Qué volveríamos a hacer
Antes y después
  Cómo era antes | Qué se cambió | Qué es distinto ahora | Qué sigue igual
Cómo saber que funciona
  Lo que se puede contar | Lo que se puede observar | Lo que dice la gente | Cada cuánto conviene mirar
La mejor objeción
  La objeción en su forma más fuerte | Qué tiene de cierto | Qué no tiene en cuenta
Un resultado en detalle
  El resultado en una frase | Cómo se obtuvo | Hasta dónde es fiable | Qué se deduce de él
Lo que los hechos no dicen
  Preguntas que nadie ha estudiado | Grupos que quedaron fuera | Efectos que tardan más en verse
# people: Las personas
> Presente a las personas por lo que hacen, no por su cargo.
> Una cita breve de alguien afectado merece su propia diapositiva.
> Piense también en quienes no están en la sala.
> Dé las gracias a quienes han sacado adelante el trabajo.
{X}: a quién le importa
  Quién gana más | Quién tiene que cambiar más | Quién decide | A quién no se ha preguntado todavía
Quién hace qué
  Quién lo empieza | Quién lo mantiene | Quién lo revisa | A quién llamar cuando se para
Lo que la gente necesita
  Entender lo previsto | Poder hacerlo | Ver que merece la pena | Tener voz
Voces distintas
  Alguien convencido | Alguien que duda | Alguien que lo ve por primera vez
Trabajar juntos
  Qué aporta cada parte | Dónde están los relevos | Cómo nos informamos | Cómo resolvemos los desacuerdos
Los papeles
  Quien pregunta | Quien construye | Quien enseña | Quien recuerda la meta
Aprender juntos
  Lo que se aprende en una hora | Lo que pide práctica | Quién puede mostrarlo | Cómo hablamos de los errores
# takes: Lo que hace falta
> Sea exacto con el esfuerzo; se perdona antes un precio alto que uno oculto.
> Separe lo necesario de lo deseable.
> Diga qué tiene ya y qué pide todavía.
> Ofrezca una versión pequeña además de la completa.
Lo que exige
  Tiempo, con realismo | Dinero, con un margen | Capacidades que hay y que faltan | Apoyo de otros
{X}: cómo empezar
  Lo que está a mano | Lo que hay que conseguir | Lo que se puede pedir prestado | Lo que puede esperar
El plan en una página
  La meta | Las tres etapas | Qué marca el final de cada una | Quién mantiene el plan al día
Cuánto se tarda
  El primer resultado visible | La mitad del camino | El momento en que marcha solo | Qué lo haría más rápido
Qué hacer primero
  El paso útil más pequeño | Quién lo da | Para cuándo | Cómo sabremos que salió bien
Qué dejar fuera
  Lo que suena bien y no ayuda | Lo que puede hacerse después | Lo que otros hacen mejor | Lo que dejamos de hacer
Elegir entre opciones
  La opción prudente | La opción atrevida | Qué cuesta cada una | Qué permite cada una | Cómo decidiremos
# risks: Lo que puede salir mal
> Hable con calma; un riesgo con nombre es más fácil de tratar.
> Diga de cada riesgo cómo se notaría primero.
> No termine aquí; pase enseguida a lo que se puede hacer.
> Pregunte si alguien ve un riesgo que falta.
Dónde puede salir mal
  Lo probable pero leve | Lo raro pero grave | Lo que notaríamos tarde | Lo que podemos hacer hoy
Las primeras señales
  La primera señal pequeña | Quién la vería | A quién se lo dice | Qué pasa después
Si no sale bien
  Parar el daño | Encontrar la causa | Avisar a los afectados | Empezar de nuevo, de otra manera
{X}: preguntas frecuentes
  ¿Vale la pena el esfuerzo? | ¿Es seguro y justo? | ¿Y si esperamos? | ¿Y si nos equivocamos?
Errores comunes
  Empezar demasiado grande | Explicar demasiado poco | Medir lo que no es | Parar demasiado pronto
Lo que aún no sabemos
  Lo que sabremos pronto | Lo que seguirá siendo incierto | Lo que suponemos hasta entonces
El precio de no hacer nada
  Lo que empeora poco a poco | Lo que otros harán entretanto | Lo que después costará más
# ahead: Mirando adelante
> Separe lo decidido de lo deseado.
> Haga concreto el futuro: un lugar, un día, una persona.
> Deje sitio a las ideas del público.
> Vuelva a la imagen del comienzo.
{X}: adónde puede llevar
  En un año, si va bien | En cinco años, si seguimos | Qué tendría que pasar | Qué puede sorprendernos
Lo que queda y lo que cambia
  Lo que conservamos a propósito | Lo que soltamos | Lo que añadimos | Lo que vigilamos
Tres futuros posibles
  Como hasta ahora, pero más | Distinto, y mejor | Distinto, como nadie quiere | Qué decide entre ellos
Una lista de deseos
  Lo que ayudaría enseguida | Lo que ayudaría a la larga | Lo que nadie se atreve a pedir
Lo que viene después
  La siguiente pregunta | Quién la tomará | Qué necesitará de nosotros
El panorama más amplio
  De qué forma parte | Qué comparte con otros campos | Qué pueden aprender otros
Una historia del futuro
  Una mañana dentro de unos años | Qué se da allí por hecho | Qué fue difícil en el camino
# next: Y ahora
> Termine con algo que se pueda hacer, no con un resumen de todo.
> Nombre una persona y una fecha para cada paso.
> Dé las gracias y diga adónde dirigir las preguntas después.
> Repita la frase que debe quedar.
Nuestros próximos pasos
  El próximo paso en una frase | Quién lo da | Para cuándo | Qué necesitamos
Lo que usted puede hacer
  Hoy, en cinco minutos | Esta semana, en una hora | En los próximos meses | Junto con otros
Decisiones por tomar
  Lo que hay que decidir ahora | Lo que puede esperar | Quién decide | De qué depende
Cómo seguir en contacto
  Dónde saldrán las novedades | A quién preguntar | Cuándo nos volvemos a ver
Cómo medir el avance
  Una cifra que seguir | Una pregunta que repetir | Una fecha para mirar atrás
{X}: una sola idea para recordar
  La idea principal en una frase | Por qué le importa a usted | Dónde encontrar más
Gracias, y sus preguntas
  Lo que quedó abierto | De qué le gustaría saber más | Cómo encontrarnos
"""
