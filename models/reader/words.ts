/** Words that invented résumés are made of. Written for this purpose; nobody and no employer in them is real. */
import type { SectionKind } from '../../src/resume/headings.ts'

const list = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((word) => word.trim())
    .filter(Boolean)

/** Headings as people write them, beyond what the reader's own list holds, so that the classifier learns looks and not the list. */
export const HEADINGS: Record<'en' | 'zh', Partial<Record<SectionKind, string[]>>> = {
  en: {
    summary: list('Summary,Profile,About Me,Professional Summary,Who I Am,Executive Profile,Career Snapshot,At a Glance,Introduction'),
    experience: list(
      'Experience,Work Experience,Employment History,Professional Experience,Where I Have Worked,On Campus Involvement,Clinical Rotations,Military Service,Selected Engagements,Relevant Roles,Career Path,Community Involvement,Teaching Posts',
    ),
    education: list('Education,Academic Background,Education & Training,Studies,Schooling,Degrees,Academic Qualifications,Where I Studied'),
    skills: list(
      'Skills,Technical Skills,Core Competencies,Tools & Technologies,What I Work With,Toolbox,Programs and Software,Technical Toolkit,Capabilities,Hard & Soft Skills',
    ),
    projects: list('Projects,Selected Projects,Personal Projects,Things I Built,Case Studies,Research Projects,Open Source Work'),
    certificates: list('Certifications,Licenses & Certifications,Credentials,Professional Licences'),
    awards: list('Awards,Honors & Awards,Honors/Awards,Recognition,Scholarships,Achievements'),
    languages: list('Languages,Language Skills,Spoken Languages'),
    publications: list('Publications,Selected Publications,Talks,Patents'),
    references: list('References,Referees'),
    other: list('Interests,Hobbies,Additional Information,Memberships,Personal Details,Beyond Work,Life Philosophy,Availability'),
  },
  zh: {
    summary: list('自我评价,个人优势,个人简介,关于我,职业概述,我的特点,自我描述,个人亮点'),
    experience: list('工作经历,工作经验,实习经历,职业经历,校园经历,任职情况,社团与实践,学生干部经历,从业履历,主要工作'),
    education: list('教育背景,教育经历,学历信息,求学经历,学习经历,教育及培训'),
    skills: list('专业技能,技能特长,掌握技术,技术栈,技能清单,我的技能,工具与技术,专业能力'),
    projects: list('项目经历,项目经验,主要项目,作品展示,参与项目,代表作品,科研项目'),
    certificates: list('证书,资格证书,职业资格,持有证书'),
    awards: list('获奖情况,所获荣誉,荣誉与奖励,奖学金'),
    languages: list('语言能力,外语水平,语言'),
    intent: list('求职意向,期望工作,应聘岗位'),
    basic: list('基本信息,个人信息,联系方式'),
    other: list('兴趣爱好,其他信息,备注,个人作品链接,补充说明'),
  },
}

export const EN = {
  first: list(
    'Ada,Bram,Celia,Dario,Edith,Femi,Greta,Hugo,Ines,Jonas,Kira,Leon,Mira,Nadia,Otto,Priya,Quentin,Rosa,Silas,Tessa,Uma,Viktor,Wren,Yara,Zane',
  ),
  last: list(
    'Quill,Varga,Brandt,Okafor,Lindqvist,Moreau,Tanaka,Sorensen,Petrov,Delgado,Hughes,Nakamura,Rossi,Weber,Oduya,Castell,Farrow,Marsh,Holt,Iyer',
  ),
  stems: list(
    'Brindle,Quarry,Ferncliff,Northgate,Saltmarsh,Amberly,Tidewell,Corvid,Larkfield,Stonebrook,Halcyon,Juniper,Meadowlark,Redfern,Silverpine,Vantage,Oakline,Bluefin,Cinderwood,Marrow,Pinecrest,Tallgrass,Windhover,Yarrow,Ember',
  ),
  tails: list(
    'Ltd,Inc.,LLC,Corp,Group,Systems,Technologies,Partners,Labs,Bank,Health,Logistics,Foods,Media,Studio,Consulting,Energy,Robotics,Analytics,Hospital,Foundation,Council,& Sons,Networks,Software,Capital,Retail,Pharma',
  ),
  level: list('Senior,Junior,Lead,Principal,Staff,Associate,Assistant,Chief,Deputy,Head of,Regional,Global'),
  field: list(
    'Software,Data,Product,Marketing,Sales,Finance,Operations,Quality,Mechanical,Electrical,Clinical,Research,Customer Success,Human Resources,Security,Network,Supply Chain,Business,UX,Brand,Project,Account,Legal,Safety',
  ),
  role: list(
    'Engineer,Analyst,Manager,Developer,Consultant,Coordinator,Director,Specialist,Designer,Scientist,Accountant,Nurse,Technician,Officer,Administrator,Architect,Assistant,Intern,Representative,Supervisor,Planner,Editor,Teacher',
  ),
  team: list(
    'Platform Infrastructure,Payments Core,Consumer Apps,Growth Team,Identity Services,Customer Experience,Data Platform,Emerging Markets,Internal Tools',
  ),
  city: list(
    'Austin,Boston,Leeds,Dublin,Toronto,Berlin,Madrid,Lisbon,Oslo,Mumbai,Pune,Singapore,Sydney,Denver,Chicago,Zurich,Prague,Milan,Brookfield,Ashton,Maple Grove,Harlow',
  ),
  region: list('TX,MA,UK,Ireland,Canada,Germany,CA,NY,India,Australia,WA,France'),
  school: list(
    'University of Ferncliff,Quarry State University,Stonebrook College,Halcyon Institute of Technology,Larkfield Polytechnic,Amberly School of Design,Oakline Community College,Tidewell Business School',
  ),
  degree: list('BSc,MSc,B.A.,M.A.,Bachelor of Science,Master of Engineering,MBA,PhD,Diploma,Bachelor of Arts,Associate Degree'),
  study: list(
    'Computer Science,Economics,Mechanical Engineering,Nursing,Marketing,Statistics,History,Chemistry,Graphic Design,Law,Business Administration,Psychology',
  ),
  skill: list(
    'SQL,Python,Excel,Java,Docker,Figma,SAP,AutoCAD,Tableau,Linux,React,Kubernetes,Photoshop,Salesforce,Jira,Go,TypeScript,Git,Power BI,C++',
  ),
  did: list(
    'Led a team of six across two sites,Reduced reporting time by 40% through automation,Built the payment service that handles two million orders,Planned and ran the yearly conference,Trained new colleagues in safe handling,Wrote the test plan and kept it current,Negotiated contracts with twelve suppliers,Cared for patients on a ward of thirty beds,Moved the data centre to the cloud without a day of downtime,Drew up the budget of the department',
  ),
}

export const ZH = {
  surname: list('骆,茹,巫,郝,欧阳,覃,苗,晏,蓝,符,赫连,曲,温,祁,单,臧,戚,邬'),
  given: list('云舟,静远,晓蔓,子衿,一鸣,若溪,承泽,雨桐,景行,思齐,明轩,佳琪,博文,可欣,海涛,晚晴'),
  city: list('北京,上海,杭州,深圳,成都,武汉,西安,苏州,厦门,青岛,长沙,郑州,合肥,佛山,宁波'),
  stem: list('澄湖,木星,砚台,海河,青禾,云杉,赤松,星辰,远山,白鹭,金穗,蓝桥,翠微,北辰,银杏,长风'),
  trade: list('网络科技,信息技术,数据科技,医疗器械,食品,汽车零部件,建筑工程,教育咨询,文化传媒,物流,电子,生物医药,新能源,置业,证券,软件'),
  tail: list('有限公司,股份有限公司,集团,有限责任公司,研究院,事务所,医院,银行,工作室,集团有限公司'),
  level: list('高级,资深,初级,助理,首席,区域,实习'),
  field: list('软件,测试,产品,运营,市场,销售,财务,人力资源,采购,质量,机械,电气,数据,前端,后端,算法,行政,法务,品牌,供应链'),
  role: list('工程师,经理,专员,总监,主管,分析师,设计师,顾问,助理,会计,开发工程师,负责人,代表,实习生,文员,讲师'),
  dept: list('研发部,市场部,销售部,财务部,人力资源部,质量管理部,平台技术部,华东大区,运营中心,供应链管理部'),
  school: list('澄湖大学,北辰理工大学,青禾师范大学,远山职业技术学院,海河财经大学,云杉医科大学,赤松农业大学'),
  degree: list('本科,硕士,大专,博士,学士,硕士研究生,专科,本科(全日制)'),
  study: list(
    '软件工程,计算机科学与技术,会计学,市场营销,机械设计制造及其自动化,英语,护理学,土木工程,电子信息工程,人力资源管理,食品科学与工程,法学',
  ),
  skill: list(
    'SQL,Python,Java,Excel,数据分析,项目管理,Photoshop,CAD,财务分析,Linux,用友U8,英语六级,PPT,Go,Vue,机器学习,招聘,谈判,公文写作,Git',
  ),
  did: list(
    '负责支付系统的自动化测试,主导从单体到微服务的拆分，发布周期由两周缩短到一天,带领六人团队完成年度目标,管理三十家经销商，销售额同比增长两成,编制月度财务报表并配合审计,组织校园招聘，入职八十余人,优化生产流程，不良率下降一半,搭建指标体系与看板,维护重点客户关系，续约率九成,参与新产品立项与需求评审',
  ),
}
