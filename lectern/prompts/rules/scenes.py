"""What goes with what: words of an idea, and the light, the place, the colours and the mood that fit them.

Everything is said in English and in Chinese, side by side, so that the same seed makes the same choice in both.
"""

import re
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from .sentences import words


class Both(NamedTuple):
    """One phrase in two languages."""

    english: str
    chinese: str

    def said(self, chinese: bool) -> str:
        return self.chinese if chinese else self.english


Phrases = tuple[Both, ...]


@dataclass(frozen=True)
class Scene:
    name: str  # its first word
    words: frozenset[str]  # of ideas that it fits, lower case
    signs: tuple[str, ...]  # the same in Chinese
    light: Phrases = ()
    setting: Phrases = ()
    colors: Phrases = ()
    mood: Phrases = ()


def both(text: str) -> Phrases:
    """Reads "english | chinese; english | chinese"."""
    pairs = (pair.split("|") for pair in text.split(";"))
    return tuple(Both(english.strip(), chinese.strip()) for english, chinese in pairs)


def _scene(words: str, signs: str, light: str = "", setting: str = "", colors: str = "", mood: str = "") -> Scene:
    read = [both(text) if text else () for text in (light, setting, colors, mood)]
    return Scene(words.split(" ")[0], frozenset(words.split()), tuple(signs.split()), *read)


SCENES = (  # what comes first decides: time and weather before places, places before subjects
    _scene(
        "night midnight moon moonlit moonlight stars starry nacht nuit noche",
        "夜 月光 月亮 星空 深夜",
        light="cold moonlight | 清冷的月光; the glow of distant windows | 远处窗户的微光",
        colors="deep blue and silver | 深蓝与银色; midnight blue and warm amber | 午夜蓝与暖琥珀色",
        mood="quiet and wide awake | 宁静而清醒; still and expectant | 静谧而充满期待",
    ),
    _scene(
        "sunset dusk evening sunrise dawn morning abend morgen soir matin atardecer",
        "日落 黄昏 傍晚 日出 清晨 早晨 朝霞",
        light="low golden sunlight | 低斜的金色阳光; a warm glow near the horizon | 地平线附近的暖光",
        colors="amber and dusty violet | 琥珀色与灰紫色; peach and slate blue | 桃色与石板蓝",
        mood="warm and hopeful | 温暖而充满希望; calm and unhurried | 平静而从容",
    ),
    _scene(
        "rain rainy storm stormy fog foggy mist regen sturm pluie orage lluvia tormenta",
        "雨 暴风 风暴 雾",
        light="grey diffused daylight | 灰色的漫射天光; a bright gap in dark clouds | 乌云间的一线亮光",
        colors="slate grey and cold green | 石板灰与冷绿色; pewter and pale blue | 锡灰与淡蓝",
        mood="dramatic yet controlled | 富有张力而克制; sober and determined | 沉着而坚定",
    ),
    _scene(
        "winter snow snowy ice icy frozen arctic schnee neige nieve invierno hiver",
        "冬 雪 冰",
        light="pale winter sunlight | 苍白的冬日阳光; soft light from an overcast sky | 阴天的柔光",
        setting="smooth snow fields | 平整的雪原; frosted trees in the distance | 远处挂霜的树木",
        colors="white and glacier blue | 白色与冰川蓝; soft grey and pale rose | 浅灰与淡玫瑰色",
        mood="clear and still | 清澈而宁静; crisp and fresh | 清爽",
    ),
    _scene(
        "sea ocean beach coast harbour harbor lighthouse ship sailing boat wave island meer schiff leuchtturm mer"
        " bateau phare mar barco faro playa",
        "大海 海洋 海边 海岸 海面 沙滩 灯塔 港口 轮船 帆船 海浪",
        light="soft light reflected from water | 水面反射的柔光; clear coastal daylight | 海岸明净的日光",
        setting="a wide horizon over open water | 开阔水面上的地平线;"
        " wet rocks and drifting spray | 湿润的礁石与飞溅的水雾",
        colors="sea blue and chalk white | 海蓝与粉白; teal and sand | 青绿与沙色",
        mood="open and steady | 开阔而沉稳; fresh and adventurous | 清新而富有探索感",
    ),
    _scene(
        "space galaxy planet rocket satellite astronaut universe astronomy weltraum rakete espace espacio cosmos mars",
        "太空 宇宙 星系 行星 火箭 卫星 航天 宇航员 天文",
        light="hard sunlight against darkness | 黑暗中强烈的阳光; the faint glow of a nebula | 星云的微光",
        setting="a field of distant stars | 遥远的星野; the curved edge of a planet | 行星弧形的边缘",
        colors="black and electric blue | 黑色与电光蓝; indigo and pale gold | 靛蓝与淡金",
        mood="vast and curious | 浩瀚而引人好奇; awed and silent | 肃穆而震撼",
    ),
    _scene(
        "nature forest tree mountain river lake garden plants leaf flower climate earth ecology sustainability"
        " environment biodiversity biology animal dog cat bird horse bee fish species evolution photosynthesis"
        " recycling waste farm agriculture soil wald berg klima umwelt natur forêt montagne climat bosque montaña"
        " clima",
        "自然 森林 树 山 河流 湖 花园 植物 气候 生态 环保 环境 可持续 动物 生物 光合作用 垃圾 回收 农业",
        light="dappled light through leaves | 透过树叶的斑驳光影; soft light of an overcast day | 阴天的柔和天光",
        setting="layered hills fading into haze | 层层隐入薄雾的山丘; moss, ferns and clear water | 苔藓、蕨类与清水",
        colors="moss green and warm earth | 苔绿与暖土色; sage and clear sky blue | 鼠尾草绿与晴空蓝",
        mood="calm and alive | 平静而富有生机; patient and grounded | 从容而踏实",
    ),
    _scene(
        "energy solar wind turbine battery electric electricity power grid hydrogen energie strom énergie solaire"
        " energía",
        "能源 太阳能 风电 风力 电池 电力 电网 氢能 光伏",
        light="bright clean morning light | 明亮干净的晨光; low sun along long rows | 沿着长列铺开的低斜阳光",
        setting="open fields with rows of panels | 成排电池板的开阔田野;"
        " slim turbines on distant ridges | 远山脊上的细长风机",
        colors="clear blue and fresh green | 清澈蓝与鲜绿; white and sunflower yellow | 白色与向日葵黄",
        mood="confident and forward-looking | 自信而面向未来; clean and optimistic | 洁净而乐观",
    ),
    _scene(
        "food recipe kitchen cooking bread coffee tea cake restaurant fruit vegetable sourdough chef meal dish küche"
        " brot kaffee rezept cuisine pain café recette cocina pan receta",
        "美食 食物 菜 厨房 烹饪 面包 咖啡 茶 蛋糕 餐厅 水果 蔬菜 食谱",
        light="soft window light from the side | 侧面的柔和窗光; warm kitchen light | 温暖的厨房灯光",
        setting="a worn wooden table with linen | 铺着亚麻布的旧木桌;"
        " flour, herbs and ceramic bowls | 面粉、香草与陶碗",
        colors="warm brown and cream | 暖棕与奶油色; olive green and terracotta | 橄榄绿与赤陶色",
        mood="homely and appetising | 温馨而诱人; generous and relaxed | 丰盛而轻松",
    ),
    _scene(
        "health medicine medical hospital doctor nurse patient clinic care wellness pharma gesundheit arzt krankenhaus"
        " santé médecin hôpital salud médico hospital",
        "健康 医疗 医学 医院 医生 护士 患者 诊所 护理",
        light="even bright daylight | 均匀明亮的日光; gentle light through frosted glass | 透过磨砂玻璃的柔光",
        setting="a clean bright room with plants | 摆着绿植的明亮洁净房间;"
        " a quiet corridor with tall windows | 有高窗的安静走廊",
        colors="white and soft teal | 白色与柔和的青色; pale green and warm grey | 淡绿与暖灰",
        mood="caring and trustworthy | 关怀而可信; calm and reassuring | 平静而令人安心",
    ),
    _scene(
        "data technology tech digital software ai code cloud network server computer robot algorithm cyber chip machine"
        " startup app daten technik netzwerk données logiciel réseau datos tecnología",
        "数据 科技 技术 数字 软件 人工智能 代码 云计算 网络 服务器 电脑 机器人 算法 芯片 机器学习",
        light="a cool glow from one side | 一侧的冷色微光; soft studio light with crisp edges | 轮廓清晰的柔和棚光",
        setting="clean glass and brushed metal | 洁净的玻璃与拉丝金属;"
        " fine threads of light in dark space | 暗处纤细的光线",
        colors="deep navy and cyan | 深海军蓝与青色; graphite and electric violet | 石墨色与电光紫",
        mood="precise and curious | 精准而好奇; focused and modern | 专注而现代",
    ),
    _scene(
        "money finance financial bank investment market revenue sales growth profit budget quarterly earnings economy"
        " finanzen umsatz wachstum finances croissance ventas finanzas crecimiento",
        "金融 财务 银行 投资 市场 收入 销售 增长 利润 预算 季度 经济 业绩",
        light="clear morning light between tall buildings | 高楼之间清亮的晨光; soft directional light | 柔和的侧向光",
        setting="stacked stone steps leading upward | 层层向上的石阶;"
        " a glass facade with reflections | 带倒影的玻璃幕墙",
        colors="navy and brass | 海军蓝与黄铜色; dark green and ivory | 墨绿与象牙白",
        mood="steady and ambitious | 稳健而进取; sober and confident | 沉稳而自信",
    ),
    _scene(
        "school education learning student teacher class lesson university book library study training schule bildung"
        " lernen unterricht école éducation cours escuela educación clase",
        "学校 教育 学习 学生 老师 教师 课堂 课程 大学 书 图书馆 培训 教学",
        light="daylight through tall windows | 高窗透入的日光; a warm reading lamp | 温暖的台灯光",
        setting="wooden shelves and open books | 木书架与翻开的书;"
        " a bright room with simple desks | 摆着简洁课桌的明亮教室",
        colors="warm ochre and ink blue | 暖赭与墨蓝; chalk white and leaf green | 粉笔白与叶绿",
        mood="curious and encouraging | 好奇而鼓舞人心; attentive and friendly | 专注而友好",
    ),
    _scene(
        "history historical museum ancient medieval dynasty empire revolution heritage war archaeology geschichte"
        " histoire historia",
        "历史 古代 王朝 朝代 帝国 革命 博物馆 文物 遗产 考古 丝绸之路 唐朝 宋朝 明朝 清朝 秦朝 汉朝",
        light="warm light falling on old stone | 落在古老石面上的暖光; a shaft of dusty sunlight | 一束带尘的阳光",
        setting="weathered stone and carved wood | 风化的石头与雕刻的木料;"
        " old maps and worn parchment | 旧地图与磨损的羊皮纸",
        colors="sepia and deep red | 棕褐与深红; bronze and faded blue | 青铜色与褪色的蓝",
        mood="dignified and reflective | 庄重而引人深思; storied and quiet | 厚重而安静",
    ),
    _scene(
        "factory industry engineering manufacturing production construction machinery steel supply logistics warehouse"
        " truck industrie fabrik produktion lieferkette usine fábrica producción",
        "工厂 工业 工程 制造 生产 建筑 机械 钢铁 供应链 物流 仓库 卡车",
        light="daylight from a saw-tooth roof | 锯齿形屋顶的天光; sparks and cool ambient light | 火花与冷色环境光",
        setting="tidy steel structures in long rows | 成列整齐的钢结构;"
        " a wide hall with polished floor | 地面光洁的宽敞大厅",
        colors="steel grey and safety orange | 钢灰与安全橙; petrol blue and concrete | 石油蓝与混凝土色",
        mood="capable and orderly | 可靠而有序; strong and practical | 有力而务实",
    ),
    _scene(
        "city urban street skyline traffic building architecture bridge car mobility train transport stadt straße"
        " verkehr ville rue ciudad calle",
        "城市 街道 天际线 交通 建筑 桥 汽车 出行 火车 地铁",
        light="clear daylight with long shadows | 长影清晰的日光; soft light after rain | 雨后的柔光",
        setting="a skyline softened by haze | 薄雾中柔化的天际线;"
        " clean facades and wide streets | 整洁的立面与宽阔街道",
        colors="concrete grey and sky blue | 混凝土灰与天蓝; brick red and slate | 砖红与石板色",
        mood="lively and open | 活跃而开放; modern and connected | 现代而紧密相连",
    ),
    _scene(
        "office meeting business company workplace desk boardroom strategy project plan product launch kickoff"
        " management büro besprechung firma unternehmen strategie bureau réunion entreprise oficina reunión empresa",
        "办公室 会议 商务 公司 企业 职场 战略 项目 计划 产品 发布 管理",
        light="soft daylight from large windows | 大窗透入的柔和日光; warm light of an early meeting | 清晨会议的暖光",
        setting="a long table in an airy room | 通透房间里的长桌; glass walls and warm wood | 玻璃墙与暖色木料",
        colors="warm grey and petrol blue | 暖灰与石油蓝; white, oak and deep green | 白色、橡木色与深绿",
        mood="focused and cooperative | 专注而协作; clear and confident | 清晰而自信",
    ),
    _scene(
        "people team person woman man child family community customer crowd friends leader culture volunteers menschen"
        " equipo gente équipe personnes",
        "人们 团队 女人 男人 孩子 家庭 社区 客户 人群 朋友 领导 志愿者",
        light="soft natural light on faces | 落在脸上的柔和自然光; warm backlight | 温暖的逆光",
        setting="a bright shared space | 明亮的共享空间; a simple wall with soft shadows | 带柔影的素墙",
        colors="warm skin tones and muted teal | 温暖肤色与柔和青色; coral and soft grey | 珊瑚色与浅灰",
        mood="sincere and engaged | 真诚而投入; friendly and relaxed | 友好而放松",
    ),
    _scene(
        "art music design theatre dance painting fashion film festival creative kunst musik musique arte música",
        "艺术 音乐 设计 戏剧 舞蹈 绘画 时尚 电影 节日 创意",
        light="a single theatrical spotlight | 一束舞台聚光;"
        " soft studio light with colored edges | 带彩色边缘的柔和棚光",
        setting="a plain backdrop with paint traces | 带颜料痕迹的素色背景;"
        " an empty stage with deep shadow | 深影中的空舞台",
        colors="magenta and ink black | 洋红与墨黑; coral, cream and cobalt | 珊瑚、奶油与钴蓝",
        mood="expressive and bold | 富有表现力而大胆; playful and refined | 活泼而精致",
    ),
    _scene(
        "sport football running cycling match training athlete tennis olympic fitness fußball sportif fútbol deporte",
        "体育 足球 跑步 骑行 比赛 运动 运动员 网球 奥运 健身",
        light="bright stadium light | 明亮的球场灯光; low sun across the field | 掠过赛场的低斜阳光",
        setting="an open field with blurred stands | 看台虚化的开阔赛场;"
        " a track fading into the distance | 伸向远方的跑道",
        colors="grass green and bright white | 草绿与亮白; orange and midnight blue | 橙色与午夜蓝",
        mood="energetic and determined | 充满活力而坚定; fair and spirited | 公平而昂扬",
    ),
)

ANY_SCENE = _scene(
    "",
    "",
    light="soft diffused daylight | 柔和的漫射日光;"
    " gentle light from the left | 来自左侧的柔光; warm late-afternoon light | 温暖的午后光线",
    setting="a plain softly lit backdrop | 光线柔和的素净背景; a quiet space with depth | 有纵深的安静空间",
    colors="muted teal and coral | 柔和的青色与珊瑚色;"
    " warm sand and deep blue | 暖沙与深蓝; soft grey and ochre | 浅灰与赭色",
    mood="clear and calm | 清晰而平静; thoughtful and open | 深思而开放; confident and warm | 自信而温暖",
)


def scenes_of(idea: str) -> list[Scene]:
    """The scenes that the idea calls for, the most decisive first; always ends with one that fits everything."""
    text = idea.casefold()
    known = {form for word in words(text) for form in _forms(word)}
    found = [scene for scene in SCENES if scene.words & known or _has_sign(scene, text)]
    return [*found, ANY_SCENE]


def _forms(word: str) -> tuple[str, ...]:
    pieces = re.split(r"[-'’]", word)
    return (word, word.removesuffix("s"), word.removesuffix("es"), *pieces)


def _has_sign(scene: Scene, text: str) -> bool:
    return any(sign in text for sign in scene.signs)


def pick(scenes: list[Scene], aspect: str, random: Random) -> Both:
    """One phrase for `light`, `setting`, `colors` or `mood`, of the first scene that has any."""
    for scene in scenes:
        phrases: Phrases = getattr(scene, aspect)
        if phrases:
            return random.choice(phrases)
    raise LookupError(aspect)  # ANY_SCENE has them all
