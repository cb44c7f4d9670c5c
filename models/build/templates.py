"""Sentences made of known words: parallel ones from our pair list, and single-language ones in which the teachers do the translating."""

import functools
import itertools
import random
import re

from settings import SEED
from sources import allowed, recruiting_pairs, tools

ROLES = [row.split(":") for row in "工程师:engineer 经理:manager 总监:director 专员:specialist 主管:supervisor 助理:assistant 顾问:consultant "
         "分析师:analyst 设计师:designer 技术员:technician 讲师:instructor 负责人:head 代表:representative 组长:leader 操作员:operator".split(" ")]
LEVELS = [("高级", "senior "), ("资深", "experienced "), ("初级", "junior "), ("中级", "intermediate "), ("", ""), ("", ""), ("", "")]
DEEDS = [row.split(":") for row in "开发:development 设计:design 维护:maintenance 优化:optimization 测试:testing 管理:management 分析:analysis 部署:deployment "
         "实施:implementation 推广:promotion 监控:monitoring 培训:training 规划:planning 销售:sales 采购:purchasing 检查:inspection 研究:research 改进:improvement".split(" ")]
TITLE = re.compile("(师|员|经理|总监|长|手|主管|助理|顾问|专员|代表)$")
# Words of the list that cannot stand for a field of work in '… engineer' or 'responsible for …'.
NOT_A_FIELD = frozenset("高级 资深 初级 中级 熟练 精通 熟悉 掌握 了解 负责 参与 主导 独立完成 大专 本科 硕士 博士 毕业 全职 兼职 远程 双休 加班 出差 主动 细心 流利 母语".split())


def fields_and_titles():
    """((Chinese, English) fields of work, (Chinese, English) titles) of the pair list, first alternative of each side."""
    first = [(chinese[0], english[0]) for chinese, english in recruiting_pairs() if chinese[0] not in NOT_A_FIELD]
    return [row for row in first if not TITLE.search(row[0])], [row for row in first if TITLE.search(row[0])]


@functools.cache
def parallel():
    """14,000 (Chinese, English) lines: titles, duties, requirements. Rows that hold an evaluation string are left out."""
    draw = random.Random(SEED + 4)
    fields, titles = fields_and_titles()
    rows = {}
    while len(rows) < 14000:
        (z1, e1), (z2, e2), (role, role_en), (title, title_en) = draw.choice(fields), draw.choice(fields), draw.choice(ROLES), draw.choice(titles)
        (level, level_en), (deed, deed_en), (deed2, deed2_en) = draw.choice(LEVELS), draw.choice(DEEDS), draw.choice(DEEDS)
        tool, tool2, years = draw.choice(tools()), draw.choice(tools()), draw.randint(1, 15)
        row = draw.choice([
            (f"{level}{z1}{role}", f"{level_en}{e1} {role_en}"),
            (f"{z1}{deed}{role}", f"{e1} {deed_en} {role_en}"),
            (f"{level}{title}", f"{level_en}{title_en}"),
            (f"{z1}{deed}", f"{e1} {deed_en}"),
            (f"{tool}{z1}{deed}", f"{tool} {e1} {deed_en}"),
            (f"{tool}{role}", f"{tool} {role_en}"),
            (f"{z1}与{z2}", f"{e1} and {e2}"),
            (f"{level}{title}，{years}年工作经验", f"{level_en}{title_en}, {years} years of work experience"),
            (f"负责{z1}的{deed}，使用{tool}和{tool2}", f"Responsible for the {deed_en} of {e1} using {tool} and {tool2}"),
            (f"熟悉{z1}，熟练使用{tool}，有{years}年{z2}经验", f"Familiar with {e1}, proficient in {tool}, {years} years of {e2} experience"),
            (f"参与{z1}项目的{deed}与{deed2}", f"Took part in the {deed_en} and {deed2_en} of a {e1} project"),
            (f"招聘{level}{z1}{role}，要求精通{tool}、{tool2}", f"Hiring a {level_en}{e1} {role_en} who masters {tool} and {tool2}"),
            (f"从事{z1}、{z2}方面的{deed}工作", f"Worked on {deed_en} in {e1} and {e2}"),
            (f"担任{title}，带领{years}人团队完成{z1}{deed}", f"As {title_en}, led a team of {years} through {e1} {deed_en}"),
        ])
        if allowed(row[0]) and allowed(row[1]):
            rows.setdefault(row)
    return list(rows)


def weighted(words, power=0.5):
    """A function that draws from (word, count) rows with weight count ** power: common words more often, but not only they."""
    totals = list(itertools.accumulate(count**power for _, count in words))
    names = [word for word, _ in words]
    return lambda draw: draw.choices(names, cum_weights=totals)[0]


def zh_lines(words):
    """30,000 Chinese resume-like lines from the given dictionary rows (word, count, part of speech), our fields of work, and tools."""
    draw = random.Random(SEED + 5)
    fields, titles = fields_and_titles()
    any_noun = weighted([(word, count) for word, count, tag in words if tag in ("n", "nz", "vn", "l")])
    any_verb = weighted([(word, count) for word, count, tag in words if tag in ("v", "vn")])

    def noun():
        return draw.choice(fields)[0] if draw.random() < 0.35 else any_noun(draw)

    def verb():
        return any_verb(draw)

    lines = []
    for _ in range(30000):
        n, v, tool, role, title, size = [noun() for _ in range(5)], [verb() for _ in range(3)], draw.sample(tools(), 2), draw.choice(ROLES)[0], draw.choice(titles)[0], draw.randint(1, 50)
        lines.append(draw.choice([
            f"{n[0]}{n[1]}{role}",
            f"{n[0]}{v[0]}{role}",
            f"{tool[0]}{n[0]}{v[0]}",
            f"{n[0]}、{n[1]}、{n[2]}",
            f"负责{n[0]}的{v[0]}与{n[1]}{v[1]}，使用{tool[0]}、{tool[1]}",
            f"从事{n[0]}{v[0]}{size}年，熟悉{n[1]}、{n[2]}和{n[3]}",
            f"{v[0]}{n[0]}，{v[1]}{n[1]}，配合{n[2]}部门{v[2]}",
            f"精通{tool[0]}与{tool[1]}，能独立完成{n[0]}{v[0]}",
            f"管理{n[0]}团队{size}人，制定{n[1]}计划，{v[0]}{n[2]}",
            f"在{n[0]}公司担任{n[1]}{role}，{v[0]}{n[2]}",
            f"为{n[0]}客户提供{n[1]}{v[0]}，处理{n[2]}问题",
            f"{title}，{v[0]}{n[0]}和{n[1]}",
        ]))
    return lines


def en_lines(ngrams):
    """8,000 English resume-like lines from ESCO phrases, our fields of work, and tools."""
    draw = random.Random(SEED + 6)
    fields, titles = fields_and_titles()

    def topic():
        return draw.choice(fields)[1] if draw.random() < 0.35 else draw.choice(ngrams)

    lines = []
    for _ in range(8000):
        t, tool, role, title, size = [topic() for _ in range(3)], draw.sample(tools(), 2), draw.choice(ROLES)[1], draw.choice(titles)[1], draw.randint(2, 40)
        lines.append(draw.choice([
            f"{t[0]} {role}",
            f"{tool[0]} {t[0]} {role}",
            f"Responsible for {t[0]} and {t[1]}, working with {tool[0]} and {tool[1]}",
            f"{size} years of experience in {t[0]}, {t[1]} and {t[2]}",
            f"Managed a team of {size}, planned {t[0]} and improved {t[1]}",
            f"Skills: {tool[0]}, {tool[1]}, {t[0]}",
            f"Supported clients with {t[0]}; handled {t[1]}",
            f"Worked as {title} on {t[0]}",
        ]))
    return lines
