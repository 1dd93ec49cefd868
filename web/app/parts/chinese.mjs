// @ts-check
// Our words in Chinese, by the English that stands in the code.

/** @type {Record<string, string>} */
export const CHINESE = {
  // every page
  Apps: "应用", API: "接口", Pages: "页面", "To the content": "跳到内容", "Light colors": "浅色", "Dark colors": "深色",
  "Sign in": "登录", "Sign out": "退出", Key: "密钥", Close: "关闭", Cancel: "取消", "Try again": "重试",
  "These apps need a key. The person who runs this server has one for you.": "使用这些应用需要密钥，请向管理此服务器的人索取。",
  "This key is not known, or no longer valid.": "密钥不正确或已失效。", "Too many tries. Wait a minute.": "尝试次数过多，请稍等一分钟。",
  "Only on its own machine": "仅限本机使用",
  'These apps can be opened on the machine that ComfyUI runs on. To open them from others, set access to "keys" under [apps] in lectern.toml.':
    "这些应用只能在运行 ComfyUI 的机器上打开。如需从其他设备访问，请在 lectern.toml 的 [apps] 下将 access 设为 \"keys\"。",
  "There is no such app": "没有这个应用", "It may have been renamed or deleted.": "它可能已被改名或删除。",
  "The server cannot be reached": "无法连接服务器", "The server cannot be reached.": "无法连接服务器。", "Is ComfyUI running?": "ComfyUI 是否正在运行？",
  "The server cannot be reached. Is it running?": "无法连接服务器，它是否正在运行？", "This did not work": "操作未成功",
  // the list
  "Open one, fill in a few fields, and run it.": "打开一个应用，填几项内容，然后运行。",
  Search: "搜索", "Search apps": "搜索应用", "No app has these words.": "没有符合的应用。", "{count} app": "{count} 个应用", "{count} apps": "{count} 个应用",
  Pictures: "图片", Video: "视频", Sound: "音频", Text: "文本", Files: "文件", "{count} input": "{count} 项输入", "{count} inputs": "{count} 项输入",
  "No apps yet": "还没有应用", "Open a workflow in ComfyUI and choose “Publish as app”: it appears here.": "在 ComfyUI 中打开工作流并选择“发布为应用”，它就会出现在这里。",
  "From a shell, in the folder of this pack:": "或在命令行中，于本插件文件夹内运行：", Command: "命令",
  // the form
  Inputs: "输入", needed: "必填", "This is needed.": "此项必填。", "up to {mb} MB": "最大 {mb} MB", "{count} of {limit} characters": "{count} / {limit} 字",
  "At most {limit} characters.": "最多 {limit} 个字符。", "This is not a number.": "请输入数字。", "A whole number is needed.": "请输入整数。",
  "At least {limit}.": "不能小于 {limit}。", "At most {limit}.": "不能大于 {limit}。", "Less: {label}": "减少：{label}", "More: {label}": "增加：{label}",
  "new each time": "每次随机", "New each time": "每次随机", "Draw a number: {label}": "随机抽取：{label}", "Choose…": "请选择…", Choices: "选项", "Nothing fits.": "没有符合的选项。",
  yes: "是", no: "否", uploaded: "已上传", "as the app has it": "应用默认",
  "Choose a file": "选择文件", Camera: "拍照", "Drop or paste a picture": "拖入或粘贴图片", "Drop a recording": "拖入录音", "Drop a video": "拖入视频", "Drop a file": "拖入文件",
  "Sending…": "正在上传…", Replace: "更换", Remove: "移除", "Chosen picture: {label}": "所选图片：{label}", "The file is still on its way.": "文件仍在上传。",
  "This file has {size}; at most {mb} MB are taken.": "文件大小为 {size}，最大允许 {mb} MB。", "Files of this kind are not taken here: {name}": "此处不接受该类型的文件：{name}",
  "The file did not arrive: the server cannot be reached.": "文件未能送达：无法连接服务器。", "This file is too large for the server.": "文件超出服务器允许的大小。",
  "Take the picture": "拍摄", "What the camera sees": "相机画面",
  "Paint over the picture": "在图片上涂抹", "Add the picture first.": "请先添加图片。", "Nothing painted: the whole picture may change.": "未涂抹：整张图片都可能改变。",
  "The painted part is what changes.": "涂抹的部分将会改变。", "Paint what changes": "涂抹要改变的部分", "Brush size": "画笔大小", Brush: "画笔", Eraser: "橡皮",
  Undo: "撤销", "Paint everything": "全部涂满", Invert: "反转", Clear: "清除", "Use this mask": "使用此蒙版", "Brush down": "落笔", "Brush up": "抬笔",
  "{across} % across, {down} % down": "横向 {across}%，纵向 {down}%",
  "Canvas. Arrow keys move the brush, space lowers and lifts it, brackets change its size.": "画布。方向键移动画笔，空格落笔或抬笔，方括号键改变大小。",
  Run: "运行", "Running…": "运行中…", "How many": "数量", Version: "版本", "Version {version} (current)": "版本 {version}（当前）", "Version {version}": "版本 {version}",
  "Some inputs need a look.": "有些输入需要检查。", "Some inputs do not fit": "有些输入不符合要求", "Filled in from the link.": "已按链接填写。", "Filled in from that run.": "已填入该次运行的输入。",
  "Copy link": "复制链接", "Copy link with these inputs": "复制链接，含这些输入", "Start over": "恢复默认", "Everything is as the app has it.": "已恢复为默认值。",
  "These inputs are too long for a link.": "输入内容过长，无法放入链接。", "The link is copied.": "链接已复制。",
  "The server lacks the model {name}.": "服务器缺少模型 {name}。", "The server lacks the node {name}.": "服务器缺少节点 {name}。",
  "The input {name} no longer exists in the workflow.": "输入 {name} 在工作流中已不存在。",
  // a run
  Result: "结果", Progress: "进度", "What you make appears here.": "生成的内容会显示在这里。", "Preview of the picture so far": "当前图片预览",
  "The connection is lost. Trying again…": "连接已断开，正在重试…", "Stopping…": "正在停止…", "Starting…": "正在启动…", "Next in line": "即将开始",
  "Waiting: {count} before this one": "排队中：前面还有 {count} 个", "Take {take} of {takes}": "第 {take} / {takes} 张", "Take {take}": "第 {take} 张",
  "Step {step} of {steps}": "第 {step} / {steps} 步", "{done} of {total} nodes done": "已完成 {done} / {total} 个节点",
  "Done: {count} result": "完成：{count} 个结果", "Done: {count} results": "完成：{count} 个结果", "Done, without a result": "已完成，没有结果",
  "The run failed": "运行失败", Canceled: "已取消", "It took longer than allowed": "超出允许的时间", "ComfyUI refused the workflow": "ComfyUI 拒绝了此工作流",
  "The server was restarted during the run": "运行期间服务器重新启动", "A file is missing on the server": "服务器缺少文件", "A model is missing on the server": "服务器缺少模型",
  "A node failed": "节点执行失败", "The server was not ready": "服务器尚未就绪", "The server is not ready": "服务器尚未就绪", "The server ran out of memory": "服务器内存不足",
  "Too many runs are waiting": "排队任务过多", "Too many runs at once": "请求过于频繁", "This run is no longer kept": "此次运行已不再保留",
  "This run is no longer kept.": "此次运行已不再保留。", "This run is gone": "此次运行已不存在", "Try again in {time}.": "请在 {time}后重试。",
  // results
  "Result {place} of {count}": "结果 {place} / {count}", "{label}, zoom": "{label}，放大", Zoom: "放大", "Compare with the previous result": "与上一次结果对比",
  Download: "下载", "Download {name}": "下载 {name}", "Download all": "全部下载", Copy: "复制", "{kind} file": "{kind} 文件", "The text could not be read.": "无法读取文本。",
  "Use these inputs": "使用这些输入", "Inputs of this run": "本次输入", "took {time}": "用时 {time}", "version {version}": "版本 {version}",
  "Runs on this device": "本设备上的运行", "{time}, {state}": "{time}，{state}",
  waiting: "等待中", running: "运行中", stopping: "正在停止", done: "完成", failed: "失败", canceled: "已取消",
  Picture: "图片", "Previous picture": "上一张", "Next picture": "下一张", Smaller: "缩小", Larger: "放大",
  "Edge between previous and this result": "两次结果的分界", "This result": "本次结果", "Previous result": "上一次结果", Previous: "上一次", This: "本次",
};
