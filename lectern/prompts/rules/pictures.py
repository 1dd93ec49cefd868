"""What the picture of a slide may show: things that go with the topic, and images for the steps of a talk."""

from random import Random

from .scenes import Both, Phrases, both, scenes_of

_OBJECTS = {  # name of a scene -> things to draw
    "night": "a lit window in a dark street | 黑暗街道上一扇亮着的窗; a telescope under the stars | 星空下的望远镜",
    "sunset": "a lone figure on a hill at sunrise | 日出时山坡上的一个人影; a field path in low sun | 斜阳下的田间小路",
    "rain": "an umbrella on a wet street | 湿润街道上的一把伞; clouds parting over a plain | 平原上空散开的云",
    "winter": "fresh footprints in snow | 雪地上的新脚印; a frozen lake with a single tree | 冰湖边的一棵树",
    "sea": "a lighthouse above calm water | 平静水面上的灯塔; a small boat leaving the harbour | 驶出港口的小船;"
    " smooth stones at the waterline | 水边光滑的石头; a coil of rope on a pier | 码头上盘好的缆绳",
    "space": "a planet rising behind a moon | 从月球背后升起的行星; an antenna pointing at the sky | 指向天空的天线;"
    " a rocket on its launch pad at dawn | 黎明时发射台上的火箭",
    "nature": "a seedling breaking through soil | 破土而出的幼苗; a river winding through a valley | 蜿蜒流过山谷的河;"
    " the crown of an old tree from below | 从下方仰望的老树树冠; dew on a leaf | 叶片上的露珠",
    "energy": "a wind turbine above morning mist | 晨雾之上的风力发电机;"
    " solar panels reflecting the sky | 映着天空的太阳能板;"
    " a single light bulb switched on | 一盏刚刚点亮的灯泡; power lines crossing hills | 越过山丘的输电线",
    "food": "hands working at a wooden board | 在木板上忙碌的双手; steam above a bowl | 碗上升起的热气;"
    " ingredients laid out in order | 依次摆好的食材; a table set for friends | 为朋友布置好的餐桌;"
    " a warm oven with its door open | 打开门的温热烤箱",
    "health": "a stethoscope on a folded coat | 叠好的白衣上的听诊器; two hands holding each other | 握在一起的两只手;"
    " a bright waiting room with a plant | 摆着绿植的明亮候诊室;"
    " a glass of water and a walking shoe | 一杯水和一只步行鞋",
    "data": "threads of light joining in one knot | 汇成一个结的光线; rows of quiet servers | 一排排安静的服务器;"
    " a hand above a glowing glass surface | 发光玻璃面上方的一只手;"
    " a circuit board seen like a city | 如城市般的电路板;"
    " glass cubes in an orderly grid | 整齐排列的玻璃方块",
    "money": "coins growing into a small staircase | 堆成小阶梯的硬币;"
    " a young plant in a glass of coins | 硬币罐中的幼苗;"
    " a balance scale at rest | 静止的天平; a climbing path on a mountain ridge | 山脊上向上的小路;"
    " tall buildings seen from the street | 从街上仰望的高楼",
    "school": "an open book on a desk by the window | 窗边书桌上翻开的书; pencils and a blank sheet | 铅笔与一张白纸;"
    " a raised hand in a bright classroom | 明亮教室里举起的手; a tall shelf of books with a ladder | 带梯子的高书架",
    "history": "an old map under a magnifying glass | 放大镜下的旧地图; a stone gate worn by time | 被岁月磨损的石门;"
    " a clay vessel on a plain pedestal | 素净台座上的陶器; a quill beside a folded letter | 折好的信旁的一支羽笔",
    "factory": "gear wheels resting on a workbench | 工作台上的齿轮; a crane above a building site | 工地上方的吊车;"
    " stacked containers in the morning | 清晨堆叠的集装箱; welding sparks in a dark hall | 暗处厂房里的焊接火花",
    "city": "a bridge leading into a skyline | 通向天际线的桥; an empty crossing from above | 从高处看空旷的路口;"
    " a tram passing old and new houses | 驶过新旧房屋的电车; a bench under street trees | 行道树下的长椅",
    "office": "an empty meeting table in morning light | 晨光中空着的会议桌;"
    " sticky notes on a glass wall | 玻璃墙上的便签;"
    " a door opening into a bright room | 通向明亮房间的一扇门; a notebook and a cup on a desk | 桌上的笔记本与杯子;"
    " a wrapped box on a clean table | 整洁桌面上包好的盒子",
    "people": "a small group around one table | 围坐一桌的一小群人;"
    " two people in conversation by a window | 窗边交谈的两个人;"
    " many hands on one rope | 同握一根绳子的许多双手; friends walking side by side | 并肩行走的朋友",
    "art": "brushes in a glass jar | 玻璃罐里的画笔; a violin on a chair in an empty hall | 空旷大厅里椅子上的小提琴;"
    " folded paper in many colors | 各色折纸; a stage seen from behind the curtain | 从幕后望见的舞台",
    "sport": "running shoes on a starting line | 起跑线上的跑鞋; a ball resting on a wide lawn | 大片草坪上的一只球;"
    " a rower on still water | 静水上的划船者; a climber reaching for the next hold | 伸手抓向下一个支点的攀岩者",
}  # fmt: skip

_MOTIFS = {  # key of a chapter -> images for what it tells
    "cover": "a wide view that opens up behind a hill | 山坡后豁然开朗的远景;"
    " a doorway filled with light | 充满光线的门口",
    "why": "a single lit lamp among dark ones | 众多暗灯中亮着的一盏;"
    " a crack in dry ground with a green shoot | 干裂土地中的绿芽;"
    " a compass on an open hand | 摊开手掌上的指南针; a first domino about to fall | 即将倒下的第一块骨牌",
    "now": "a signpost at a quiet crossroads | 安静路口的路标;"
    " a traveller resting on a milestone | 在里程碑旁歇息的旅人;"
    " a still lake with a clear reflection | 倒影清晰的平静湖面; a half-finished bridge | 建了一半的桥",
    "how": "the open back of a mechanical watch | 打开后盖的机械表;"
    " building blocks joined step by step | 一步步拼起的积木;"
    " a water wheel turning in a stream | 溪中转动的水车; a thread running through beads | 穿过珠子的线",
    "proof": "a magnifying glass over a leaf | 叶片上方的放大镜; footprints leading across sand | 沙地上延伸的脚印;"
    " stones laid in a straight row | 排成直线的石子; a plumb line before a wall | 墙前的铅垂线",
    "people": "chairs in a circle in a bright room | 明亮房间里围成一圈的椅子; hands passing on a torch | 传递火炬的手;"
    " lanterns carried along one path | 同一条路上提着的灯笼; a choir seen from the back | 从背后看的合唱团",
    "takes": "tools laid out on a workbench | 工作台上摆好的工具; a packed rucksack by the door | 门边收拾好的背包;"
    " a stack of firewood before winter | 入冬前码好的柴堆; an hourglass in side light | 侧光中的沙漏",
    "risks": "a tightrope over a calm valley | 平静山谷上的钢索; a warning buoy on grey water | 灰色水面上的浮标;"
    " a house of cards in a draught | 风口处的纸牌屋; a narrow path along a cliff | 悬崖边的窄路",
    "ahead": "a road leading to a bright horizon | 通向明亮地平线的路; a paper plane in a clear sky | 晴空中的纸飞机;"
    " a ladder leaning against a cloud | 靠在云上的梯子; a telescope on a balcony | 阳台上的望远镜",
    "next": "a hand placing the first stone of a path | 放下小路第一块石头的手; a runner leaving the start | 起跑的人;"
    " an open gate to a garden | 通往花园的敞开的门; seeds falling from a hand | 从手中落下的种子",
}  # fmt: skip
OBJECTS = {name: both(text) for name, text in _OBJECTS.items()}
MOTIFS = {key: both(text) for key, text in _MOTIFS.items()}

_VIEWS = both(
    "seen from eye level | 平视; seen from above | 俯视; seen close up | 近景; seen from far away | 远景;"
    " seen from low down | 仰视; in a wide view | 全景"
)


def things_of(text: str) -> Phrases:
    """Things to draw that go with a text; none where no scene fits it."""
    return tuple(thing for scene in scenes_of(text) for thing in OBJECTS.get(scene.name, ()))


class Sketchbook:
    """Ideas for pictures, none twice as long as that is possible."""

    def __init__(self, topic: str, random: Random) -> None:
        self._topic = topic
        self._random = random
        self._times: dict[Both, int] = {}

    def draw(self, key: str, text: str = "") -> Both:
        """What one picture shows.

        Args:
            key: of the chapter that the slide is in; "" where there are none.
            text: of the slide, where that says more than the topic.
        """
        thing = self._fresh((*(things_of(text) or things_of(self._topic)), *self._motifs(key, text)))
        scenes = scenes_of(f"{text} {self._topic}")
        setting = self._fresh(tuple(setting for scene in scenes for setting in scene.setting))
        view = self._view(thing)
        return Both(
            f"{thing.english}{view.english}, with {setting.english} in the background",
            f"{thing.chinese}{view.chinese}，背景是{setting.chinese}",
        )

    def _motifs(self, key: str, text: str) -> Phrases:
        """Those of the chapter; without one any, where nothing else goes with the text."""
        if key:
            return MOTIFS[key]
        return (
            () if things_of(text) or things_of(self._topic) else tuple(one for some in MOTIFS.values() for one in some)
        )

    def _fresh(self, things: Phrases) -> Both:
        fewest = min(self._times.get(thing, 0) for thing in things)
        chosen = self._random.choice([thing for thing in things if self._times.get(thing, 0) == fewest])
        self._times[chosen] = fewest + 1
        return chosen

    def _view(self, thing: Both) -> Both:
        """Another view for each time that a thing comes back."""
        times = self._times[thing] - 1
        view = _VIEWS[times % len(_VIEWS)]
        return Both(f" {view.english}", f"，{view.chinese}") if times else Both("", "")
